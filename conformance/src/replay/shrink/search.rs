//! From one smaller input to the next, within limits.

use std::collections::HashSet;
use std::time::Instant;

use iotmp_spec::model::Spec;

use super::oracle::{Ruling, Symptom};
use super::{Candidate, Input, Limits, SMALL, bytes, structure};
use crate::subject::CodecSubject;

/// How small a candidate is: bytes first, then what they say.
type Size = (usize, Vec<u8>, String);

/// What was asked, and how much more may be.
pub(super) struct Search<'s> {
    spec: &'static Spec,
    codec: &'s mut dyn CodecSubject,
    limits: Limits,
    began: Instant,
    tries: usize,
    seen: HashSet<u64>,
}

/// The smallest candidate so far.
#[derive(Debug, Default)]
pub(super) struct Least {
    pub(super) found: Option<Candidate>,
    /// Id of the vector that led to it, if it was another one than the first.
    pub(super) by_way_of: Option<String>,
}

impl Least {
    pub(super) fn take(
        &mut self,
        search: &Search<'_>,
        candidate: Candidate,
        by_way_of: Option<&str>,
    ) {
        let is_less = |least| search.size(&candidate) < search.size(least);
        if self.found.as_ref().is_none_or(is_less) {
            self.found = Some(candidate);
            self.by_way_of = by_way_of.map(str::to_owned);
        }
    }

    pub(super) fn is_small(&self, search: &Search<'_>) -> bool {
        let found = self.found.as_ref();
        found.is_some_and(|found| search.length(found) <= SMALL)
    }
}

impl<'s> Search<'s> {
    pub(super) fn new(
        spec: &'static Spec,
        codec: &'s mut dyn CodecSubject,
        limits: Limits,
    ) -> Self {
        Self {
            spec,
            codec,
            limits,
            began: Instant::now(),
            tries: 0,
            seen: HashSet::new(),
        }
    }

    /// Questions that were put to the subject.
    pub(super) const fn tries(&self) -> usize {
        self.tries
    }

    pub(super) fn is_over(&self) -> bool {
        let is_spent = self.tries >= self.limits.tries || self.began.elapsed() >= self.limits.time;
        is_spent || self.codec.is_gone()
    }

    /// [`descend`](Self::descend) with half of what may still be spent, and whether
    /// nothing smaller was left to try.
    pub(super) fn descend_half(
        &mut self,
        start: Candidate,
        symptom: &Symptom,
    ) -> (Candidate, bool) {
        let (whole, spent) = (self.limits, self.began.elapsed());
        self.limits = Limits {
            tries: self.tries + whole.tries.saturating_sub(self.tries) / 2,
            time: spent + whole.time.saturating_sub(spent) / 2,
        };
        let smaller = self.descend(start, symptom);
        let is_finished = !self.is_over();
        self.limits = whole;
        (smaller, is_finished)
    }

    /// Makes other vectors small that the subject fails, in a way that is like
    /// `symptom` if there is one.
    pub(super) fn go_by(
        &mut self,
        others: &[(&str, Candidate)],
        symptom: Option<&Symptom>,
        least: &mut Least,
    ) {
        for (id, candidate) in others {
            if self.is_over() || (symptom.is_none() && least.is_small(self)) {
                return;
            }
            let is_less = |least| self.size(candidate) < self.size(least);
            if !least.found.as_ref().is_none_or(is_less) {
                continue;
            }
            let Some(found) = self.ask(candidate) else {
                continue;
            };
            if symptom.is_none_or(|symptom| found.is_like(symptom)) {
                let smaller = self.descend(candidate.clone(), &found);
                least.take(self, smaller, Some(id));
            }
        }
    }

    /// How the subject fails a candidate, if it does.
    pub(super) fn ask(&mut self, candidate: &Candidate) -> Option<Symptom> {
        let ruling = Ruling::of(self.spec, candidate);
        self.put(candidate, &ruling)
    }

    fn put(&mut self, candidate: &Candidate, ruling: &Ruling) -> Option<Symptom> {
        self.tries += 1;
        let question = candidate.question(self.spec);
        let reply = match &candidate.input {
            Input::Bytes(bytes) => self.codec.decode(question, bytes),
            Input::Value(json) => self.codec.encode(question, json),
        };
        // One that is not started again answers nothing, which says nothing of this candidate.
        let symptom = ruling.symptom(&question, candidate, &reply);
        symptom.filter(|_| !self.codec.is_gone())
    }

    /// Goes from one smaller candidate that fails in the same way to the next
    /// until there is none.
    pub(super) fn descend(&mut self, start: Candidate, symptom: &Symptom) -> Candidate {
        let mut best = start;
        let mut symptom = symptom.clone();
        let whole = Ruling::of(self.spec, &best);
        while let Some(smaller) = self.smaller(&best, &symptom, &whole) {
            (best, symptom) = smaller;
        }
        best
    }

    /// The first smaller candidate that fails in the same way.
    fn smaller(
        &mut self,
        best: &Candidate,
        symptom: &Symptom,
        whole: &Ruling,
    ) -> Option<(Candidate, Symptom)> {
        let size = self.size(best);
        let ruling = Ruling::of(self.spec, best);
        let candidates = structure::smaller(self.spec, best, &ruling).into_iter();
        for candidate in candidates.chain(bytes::smaller(self.spec, best)) {
            if self.is_over() {
                return None;
            }
            if self.size(&candidate) >= size || !self.seen.insert(candidate.key()) {
                continue;
            }
            let ruling = Ruling::of(self.spec, &candidate);
            if !ruling.is_within(whole) {
                continue;
            }
            let found = self.put(&candidate, &ruling);
            if let Some(found) = found.filter(|found| found.goes_on_from(symptom)) {
                return Some((candidate, found));
            }
        }
        None
    }

    pub(super) fn length(&self, candidate: &Candidate) -> usize {
        self.size(candidate).0
    }

    fn size(&self, candidate: &Candidate) -> Size {
        let bytes = match &candidate.input {
            Input::Bytes(bytes) => bytes.clone(),
            Input::Value(_) => Ruling::of(self.spec, candidate).bytes().unwrap_or_default(),
        };
        let text = match &candidate.input {
            Input::Bytes(_) => String::new(),
            Input::Value(json) => json.to_string(),
        };
        // What cannot be written has no bytes; its text is what there is of it.
        let length = if bytes.is_empty() {
            text.len()
        } else {
            bytes.len()
        };
        (length, bytes, text)
    }
}
