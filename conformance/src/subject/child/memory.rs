//! Answers that were given already. A control is asked by many vectors, and
//! what proves a failure is asked for once more.

use std::collections::HashMap;

use super::{Incident, Reply, Said};

/// Bytes of lines that are remembered. A search for a small input asks thousands
/// of large questions, each of them once.
const MOST: usize = 16 << 20;

/// An answer, what went wrong before it came, and how it was come by.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) reply: Reply,
    pub(super) incident: Option<Incident>,
    pub(super) said: Vec<Said>,
}

/// The last answers, by question.
#[derive(Debug, Default)]
pub(super) struct Memory {
    answers: HashMap<String, Answer>,
    bytes: usize,
}

impl Memory {
    pub(super) fn recall(&self, question: &str) -> Option<Answer> {
        self.answers.get(question).cloned()
    }

    pub(super) fn keep(&mut self, question: String, answer: Answer) {
        let said: usize = answer.said.iter().map(|said| said.line.len()).sum();
        let bytes = question.len() + said;
        if self.bytes + bytes > MOST {
            self.forget();
        }
        self.bytes += bytes;
        self.answers.insert(question, answer);
    }

    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_questions_do_not_heap_up() {
        let mut memory = Memory::default();
        let question = |at: usize| format!("{at} {}", "x".repeat(MOST / 4));
        for at in 0..40 {
            let answer = Answer {
                reply: Reply::Encoded(Vec::new()),
                incident: None,
                said: Vec::new(),
            };
            memory.keep(question(at), answer);
            assert!(memory.recall(&question(at)).is_some());
            let kept: usize = memory.answers.keys().map(String::len).sum();
            assert!(kept <= MOST, "{kept} bytes after {at}");
        }
    }
}
