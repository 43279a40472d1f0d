"use strict";
// The filter is the fragment: #verdict=fail&clause=ID&spec=NAME&subject=KIND&level=MUST&q=TEXT
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const fields = ["verdict", "spec", "subject", "level", "clause", "q"];
  const cases = [...document.querySelectorAll(".case")].map((node) => {
    const run = node.closest(".run");
    return {
      node,
      area: node.parentElement,
      run,
      verdict: node.dataset.v,
      known: "known" in node.dataset,
      spec: run.dataset.spec,
      subject: run.dataset.subject,
      level: node.dataset.l,
      clauses: node.dataset.c.toLowerCase(),
      text: node.firstElementChild.textContent.toLowerCase(),
    };
  });
  const areas = [...document.querySelectorAll(".area")].map((node) => ({ node, open: node.open }));
  const ledgers = [...document.querySelectorAll(".ledger, .broken")].map((node) => ({ node, open: node.open }));
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");

  const wanted = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    return Object.fromEntries(fields.map((name) => [name, given.get(name) ?? ""]));
  };

  const fits = (one, want) =>
    (!want.verdict || (want.verdict === "known" ? one.known : one.verdict === want.verdict)) &&
    (!want.spec || one.spec === want.spec) &&
    (!want.subject || one.subject === want.subject) &&
    (!want.level || one.level === want.level) &&
    (!want.clause || one.clauses.includes(want.clause.toLowerCase())) &&
    (!want.q || one.text.includes(want.q.toLowerCase()));

  const apply = () => {
    const want = wanted();
    for (const name of fields) {
      const field = form.elements[name];
      if (field.value !== want[name]) field.value = want[name];
    }
    const filtered = fields.some((name) => want[name]);
    const seen = new Set();
    let count = 0;
    let last;
    for (const one of cases) {
      const fit = fits(one, want);
      one.node.hidden = !fit;
      if (!fit) continue;
      count += 1;
      last = one.node;
      seen.add(one.area).add(one.run);
    }
    for (const { node, open } of areas) {
      node.hidden = !seen.has(node);
      // Thousands of open rows help nobody.
      node.open = filtered && count <= 500 ? true : open;
    }
    for (const node of document.querySelectorAll(".run")) node.hidden = !seen.has(node);
    for (const { node, open } of ledgers) {
      let rows = 0;
      for (const row of node.querySelectorAll("tr[data-c]")) {
        row.hidden =
          (want.clause && !row.dataset.c.toLowerCase().includes(want.clause.toLowerCase())) ||
          (want.level && row.dataset.l !== want.level) ||
          (want.verdict === "fail" && row.dataset.s !== "broken");
        rows += row.hidden ? 0 : 1;
      }
      const has = node.querySelector("tr[data-c]") !== null;
      node.hidden = Boolean((want.spec && node.dataset.spec !== want.spec) || (has && rows === 0));
      if ("open" in node) node.open = want.clause && want.verdict !== "fail" && has ? true : open;
    }
    // What was asked for by name, or the only failure, is shown with its proof.
    if (filtered && count === 1) last.open = true;
    shown.textContent = `${count} of ${cases.length} cases`;
    none.hidden = count > 0;
  };

  const say = () => {
    const said = new URLSearchParams();
    for (const name of fields) {
      const value = form.elements[name].value.trim();
      if (value) said.set(name, value);
    }
    history.replaceState(null, "", `#${said}`);
    apply();
  };

  let pending;
  form.addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(say, 120);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say();
  });
  const follow = () => {
    apply();
    const asked = wanted();
    if (fields.some((name) => asked[name])) form.scrollIntoView({ block: "start" });
  };
  addEventListener("hashchange", follow);
  form.hidden = false;
  apply();
})();
