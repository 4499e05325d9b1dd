// Drives a report's page in a browser; page_test.py puts it behind the page and reads what it leaves in #test-result.
"use strict";
window.addEventListener("load", () => {
  const failures = [...window.errors];
  const check = (truth, what) => { if (!truth) failures.push(what); };
  const press = (element, key) => element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const type = (input, text) => { input.value = text; input.dispatchEvent(new Event("input")); };
  const expected = window.expected;

  // Nothing sticks out, nothing comes from elsewhere.
  check(document.documentElement.scrollWidth <= window.innerWidth + 1,
        `the page is ${document.documentElement.scrollWidth} wide in a window of ${window.innerWidth}`);
  check(performance.getEntriesByType("resource").length === 0, "the page loads something");
  check(document.querySelector("#verdict h1").textContent.includes(expected.verdict), "the verdict is first");
  check(document.querySelector("header").contains(document.querySelector("#verdict")), "the verdict is in the header");
  for (const control of document.querySelectorAll("input, button, svg[tabindex], meter"))
    check(control.getAttribute("aria-label") || control.labels?.length || control.textContent.trim(),
          `${control.outerHTML.slice(0, 60)} has a name`);

  // What is drawn can be read, and none of it is off the screen; a desktop shows tables whole.
  const within = (element, what) => {
    const box = element.getBoundingClientRect();
    check(box.left >= 0 && box.right <= window.innerWidth + 1, `${what} is off the screen, from ${box.left} to ${box.right}`);
  };
  const plots = [...document.querySelectorAll(".plot svg")].filter((svg) => svg.getClientRects().length > 0);
  check(plots.length === document.querySelectorAll(".plot").length, `${plots.length} plots are shown`);
  for (const plot of plots) {
    for (const text of plot.querySelectorAll("text")) {
      const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
      check(size >= 9, `"${text.textContent}" in a plot is ${size.toFixed(1)} px high`);
      within(text, `"${text.textContent}" in a plot`);
    }
    for (const point of plot.querySelectorAll(".point")) within(point, "a plot's point");
  }
  for (const part of document.querySelectorAll(".bars .label, .bars .value, .bars .bar, .bars .spread"))
    within(part, `a bar's ${part.className}`);
  check((document.querySelectorAll(".bars .row").length || 0) === (expected.bars || 0), "a bar for each engine");
  const titles = [...document.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
  for (const title of expected.columns || []) check(titles.includes(title), `a column "${title}"`);
  for (const word of expected.words || []) check(document.body.innerText.includes(word), `it says "${word}"`);
  if (window.innerWidth >= 1280)
    for (const frame of document.querySelectorAll(".scroll"))
      check(frame.scrollWidth <= frame.clientWidth + 1,
            `${frame.firstElementChild.id} is ${frame.scrollWidth} wide in ${frame.clientWidth}`);

  // Sorting.
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const column = [...table.tHead.rows[0].cells].findIndex((cell) => !cell.classList.contains("number"));
    const header = table.tHead.rows[0].cells[column];
    const values = () => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent.toLowerCase());
    const before = values();
    header.querySelector("button").click();
    check(header.getAttribute("aria-sort") === "ascending", `${table.id}: aria-sort`);
    check(values().join() === [...before].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(), `${table.id} sorts up`);
    header.querySelector("button").click();
    check(header.getAttribute("aria-sort") === "descending", `${table.id}: aria-sort, again`);
    check(values().join() === [...before].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)).join(), `${table.id} sorts down`);
    const number = [...table.tHead.rows[0].cells].findIndex((cell) => cell.classList.contains("number"));
    if (number < 0) continue;
    table.tHead.rows[0].cells[number].querySelector("button").click();
    const keys = [...table.tBodies[0].rows].map((row) => Number(row.cells[number].dataset.key ?? row.cells[number].textContent));
    check(keys.every((key, i) => i === 0 || keys[i - 1] >= key || Number.isNaN(key)), `${table.id}: numbers, greatest first`);
  }

  // Filtering.
  for (const tools of document.querySelectorAll("[data-filters]")) {
    const table = document.getElementById(tools.dataset.filters);
    const rows = [...table.tBodies[0].rows];
    const shown = () => rows.filter((row) => row.getClientRects().length > 0).length;
    check(shown() === rows.length, `${table.id}: all rows at first`);
    const word = rows[0].cells[1].textContent.trim().split(/\s/)[0];
    type(tools.querySelector("input"), word);
    const fitting = rows.filter((row) => row.textContent.toLowerCase().includes(word.toLowerCase())).length;
    check(shown() === fitting && fitting > 0, `${table.id}: ${shown()} rows with '${word}', not ${fitting}`);
    check(tools.querySelector("output").value.startsWith(`${fitting} of`), `${table.id}: the count is told`);
    type(tools.querySelector("input"), "no row has this");
    check(shown() === 0, `${table.id}: nothing fits`);
    type(tools.querySelector("input"), "");
    check(shown() === rows.length, `${table.id}: all rows again`);
  }

  // The graph.
  const frame = document.querySelector(".graph");
  if (expected.nodes > 0) {
    const svg = frame.querySelector("svg");
    const tools = document.querySelector(`[data-tools="${frame.id}"]`);
    const scene = svg.querySelector("g");
    const nodes = [...svg.querySelectorAll(".node")];
    check(nodes.length === expected.nodes, `${nodes.length} nodes are drawn, not ${expected.nodes}`);
    check(svg.querySelectorAll(".edge").length > 0, "edges are drawn");
    const unsupported = nodes.filter((node) => node.classList.contains("unsupported"));
    check(unsupported.length === expected.unsupported, `${unsupported.length} stand out, not ${expected.unsupported}`);
    const boxes = nodes.map((node) => node.querySelector("rect").getBoundingClientRect());
    const overlapping = boxes.some((a, i) => boxes.some((b, k) => k > i && a.left < b.right - 1 && b.left < a.right - 1 &&
                                                                    a.top < b.bottom - 1 && b.top < a.bottom - 1));
    check(!overlapping, "no node covers another");
    const scaleOf = () => Number(scene.getAttribute("transform").match(/scale\((.*)\)/)[1]);
    const button = (action) => tools.querySelector(`[data-action=${action}]`);
    const before = scaleOf();
    button("in").click();
    check(scaleOf() > before, "zoom in");
    button("out").click();
    button("out").click();
    check(scaleOf() < before, "zoom out");
    button("fit").click();
    const whole = svg.getBoundingClientRect();
    check(nodes.every((node) => { const box = node.getBoundingClientRect();
                                  return box.left >= whole.left - 1 && box.right <= whole.right + 1 &&
                                         box.top >= whole.top - 1 && box.bottom <= whole.bottom + 1; }), "all of it fits");
    type(tools.querySelector("input"), expected.search);
    const matches = nodes.filter((node) => node.classList.contains("match"));
    check(matches.length === expected.found, `${matches.length} found, not ${expected.found}`);
    check(nodes.filter((node) => node.classList.contains("dim")).length === nodes.length - matches.length, "others are dimmed");
    check(frame.querySelector(".about").textContent.toLowerCase().includes(expected.search), "the first one is told about");
    type(tools.querySelector("input"), "");
    if (unsupported.length) {
      button("next").click();
      check(svg.querySelector(".current").classList.contains("unsupported"), "next unsupported");
      check(frame.querySelector(".about").textContent.includes("can't be converted"), "and it is said so");
      const box = svg.querySelector(".current").getBoundingClientRect();
      check(Math.abs((box.left + box.right) / 2 - (whole.left + whole.right) / 2) < 2, "it is in the middle");
    }
    const current = () => nodes.indexOf(svg.querySelector(".current"));
    const was = current();
    press(svg, "ArrowRight");
    check(current() !== was || nodes.length === 1, "arrow keys");
  }
  const result = document.createElement("pre");
  result.id = "test-result";
  result.textContent = JSON.stringify({ failures, background: getComputedStyle(document.body).backgroundColor,
                                        rows: document.querySelectorAll("tbody tr").length });
  document.body.append(result);
});
