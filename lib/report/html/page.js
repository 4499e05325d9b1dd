// What makes a report's page live: tables that sort and filter, the graph. Without it everything but the graph is there.
"use strict";

// --- Tables ---------------------------------------------------------------------------------------------------------

function keyOf(cell) {
  const key = cell.dataset.key ?? cell.textContent.trim();
  const number = Number(key);
  return key !== "" && !Number.isNaN(number) ? number : key.toLowerCase();
}

function sortBy(table, column, ascending) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
  const order = ascending ? 1 : -1;
  rows.sort(([a], [b]) => {
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1; // what has no number goes behind
    return a < b ? -order : a > b ? order : 0;
  });
  body.append(...rows.map(([, row]) => row));
  [...table.tHead.rows[0].cells].forEach((cell, index) => {
    if (index === column) cell.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    else cell.removeAttribute("aria-sort");
  });
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell.textContent;
    button.title = "Sort by this column";
    button.addEventListener("click", () => {
      const numeric = cell.classList.contains("number");
      const now = cell.getAttribute("aria-sort");
      sortBy(table, column, now === null ? !numeric : now !== "ascending"); // numbers: greatest first
    });
    cell.replaceChildren(button);
  });
}

function makeFilter(table, tools) {
  const input = tools.querySelector("input");
  const output = tools.querySelector("output");
  const rows = [...table.tBodies[0].rows];
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    output.value = words.length ? `${shown} of ${rows.length} rows` : `${rows.length} rows`;
  };
  input.addEventListener("input", show);
  tools.hidden = false;
  show();
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  makeSortable(table);
  const tools = document.querySelector(`[data-filters="${table.id}"]`);
  if (tools) makeFilter(table, tools);
}

// --- The graph: layers from top to bottom, few crossings, drawn as SVG ------------------------------------------------

const nodeHeight = 42, layerHeight = 78, gap = 26;

/// Nodes and, where an edge passes through a layer, points; in layers, each with x, y and width.
function layOut(graph) {
  const items = graph.nodes.map((node, index) => ({
    index, layer: 0, above: [], below: [],
    width: Math.max(76, 8 * Math.max(node.label.length + (node.look === "unsupported" ? 3 : 0), 0.82 * node.detail.length) + 22),
  }));
  for (const edge of graph.edges)
    items[edge.to].layer = Math.max(items[edge.to].layer, items[edge.from].layer + 1);
  // A source moves down to its reader; an output stands behind what makes it.
  const readers = items.map(() => []);
  for (const edge of graph.edges) readers[edge.from].push(edge.to);
  const hasMaker = new Set(graph.edges.map((edge) => edge.to));
  items.forEach((item, index) => {
    if (!hasMaker.has(index) && readers[index].length)
      item.layer = Math.min(...readers[index].map((reader) => items[reader].layer)) - 1;
  });
  const paths = graph.edges.map((edge) => {
    const path = [items[edge.from]];
    for (let layer = items[edge.from].layer + 1; layer < items[edge.to].layer; ++layer) {
      const point = { index: -1, layer, above: [], below: [], width: 10 };
      items.push(point);
      path.push(point);
    }
    path.push(items[edge.to]);
    for (let i = 1; i < path.length; ++i) {
      path[i - 1].below.push(path[i]);
      path[i].above.push(path[i - 1]);
    }
    return path;
  });
  const layers = [];
  for (const item of items) (layers[item.layer] ??= []).push(item);
  const number = (layer) => layer.forEach((item, order) => (item.order = order));
  layers.forEach(number);
  const mean = (others, of) => others.reduce((sum, other) => sum + of(other), 0) / others.length;
  const sweeps = items.length > 4000 ? 4 : 12;
  for (let sweep = 0; sweep < sweeps; ++sweep) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      for (const item of layer) {
        const others = down ? item.above : item.below;
        item.wish = others.length ? mean(others, (other) => other.order) : item.order;
      }
      layer.sort((a, b) => a.wish - b.wish || a.order - b.order);
      number(layer);
    }
  }
  for (const layer of layers) {
    let x = 0;
    for (const item of layer) {
      item.x = x + item.width / 2;
      x += item.width + gap;
    }
    for (const item of layer) item.x -= x / 2;
  }
  const distance = (a, b) => (a.width + b.width) / 2 + gap;
  for (let sweep = 0; sweep < sweeps * 2; ++sweep) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : [...layers].reverse()) {
      for (const item of layer) {
        const others = down ? item.above : item.below;
        item.wish = others.length ? mean(others, (other) => other.x) : item.x;
      }
      // From the left and from the right, as near to the wish as the order allows; between the two.
      const left = [], right = [];
      layer.forEach((item, i) => {
        left[i] = i ? Math.max(item.wish, left[i - 1] + distance(layer[i - 1], item)) : item.wish;
      });
      for (let i = layer.length - 1; i >= 0; --i)
        right[i] = i < layer.length - 1 ? Math.min(layer[i].wish, right[i + 1] - distance(layer[i], layer[i + 1])) : layer[i].wish;
      layer.forEach((item, i) => (item.x = (left[i] + right[i]) / 2));
    }
  }
  for (const item of items) item.y = item.layer * layerHeight;
  const xs = items.flatMap((item) => [item.x - item.width / 2, item.x + item.width / 2]);
  const bounds = xs.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [0, 0]);
  return { items: items.slice(0, graph.nodes.length), paths, left: bounds[0] - 20, right: bounds[1] + 20,
           top: -nodeHeight, bottom: (layers.length - 1) * layerHeight + nodeHeight };
}

function svgElement(name, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

function pathOf(points) {
  let path = `M${points[0].x.toFixed(1)} ${(points[0].y + nodeHeight / 2).toFixed(1)}`;
  for (let i = 1; i < points.length; ++i) {
    const from = { x: points[i - 1].x, y: points[i - 1].y + (i === 1 ? nodeHeight / 2 : 0) };
    const to = { x: points[i].x, y: points[i].y - (i === points.length - 1 ? nodeHeight / 2 : 0) };
    const middle = (from.y + to.y) / 2;
    path += `C${from.x.toFixed(1)} ${middle.toFixed(1)} ${to.x.toFixed(1)} ${middle.toFixed(1)} ${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
  }
  return path;
}

function draw(frame) {
  const graph = JSON.parse(frame.querySelector("script").textContent);
  const svg = frame.querySelector("svg");
  const about = frame.querySelector(".about");
  const tools = document.querySelector(`[data-tools="${frame.id}"]`);
  const layout = layOut(graph);
  const scene = svgElement("g", {}, svg);
  const edges = layout.paths.map((points) => svgElement("path", { class: "edge", d: pathOf(points) }, scene));
  const nodes = layout.items.map((item, index) => {
    const node = graph.nodes[index];
    const group = svgElement("g", { class: `node ${node.look}`, transform: `translate(${item.x.toFixed(1)} ${item.y})` }, scene);
    svgElement("rect", { x: -item.width / 2, y: -nodeHeight / 2, width: item.width, height: nodeHeight,
                         rx: node.look === "port" ? nodeHeight / 2 : 7 }, group);
    svgElement("text", { y: node.detail ? -3 : 4 }, group).textContent = (node.look === "unsupported" ? "✕ " : "") + node.label;
    if (node.detail) svgElement("text", { y: 13, class: "detail" }, group).textContent = node.detail;
    group.addEventListener("click", () => { if (!dragged) select(index); });
    return group;
  });

  // The view: a scale, and where the scene's origin lies.
  let scale = 1, x = 0, y = 0, dragged = false;
  const apply = () => scene.setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  const box = () => svg.getBoundingClientRect();
  const zoom = (factor, atX = box().width / 2, atY = box().height / 2) => {
    const next = Math.min(4, Math.max(0.02, scale * factor));
    x = atX - ((atX - x) * next) / scale;
    y = atY - ((atY - y) * next) / scale;
    scale = next;
    apply();
  };
  const centre = (index) => {
    x = box().width / 2 - layout.items[index].x * scale;
    y = box().height / 2 - layout.items[index].y * scale;
    apply();
  };
  const fit = () => {
    const { width, height } = box();
    scale = Math.min(1.2, width / (layout.right - layout.left), height / (layout.bottom - layout.top));
    x = width / 2 - ((layout.left + layout.right) / 2) * scale;
    y = height / 2 - ((layout.top + layout.bottom) / 2) * scale;
    apply();
  };

  let current = -1;
  const neighbours = (index, towards) =>
    graph.edges.filter((edge) => edge[towards === "to" ? "from" : "to"] === index).map((edge) => edge[towards]);
  const name = (index) => graph.nodes[index].label;
  function select(index) {
    if (current >= 0) nodes[current].classList.remove("current");
    current = index;
    const node = graph.nodes[index];
    nodes[index].classList.add("current");
    graph.edges.forEach((edge, i) => edges[i].classList.toggle("near", edge.from === index || edge.to === index));
    const title = document.createElement("b");
    title.textContent = node.label;
    const parts = [node.detail, node.module && `in ${node.module}`, node.place,
                   node.look === "unsupported" && "can't be converted",
                   neighbours(index, "from").length && `reads ${neighbours(index, "from").map(name).join(", ")}`,
                   neighbours(index, "to").length && `read by ${neighbours(index, "to").map(name).join(", ")}`];
    about.replaceChildren(title, " · " + parts.filter(Boolean).join(" · "));
  }
  const goTo = (index) => { if (scale < 0.5) scale = 1; select(index); centre(index); };

  const input = tools.querySelector("input");
  const output = tools.querySelector("output");
  let matches = [];
  const search = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    matches = [];
    graph.nodes.forEach((node, index) => {
      const text = `${node.label} ${node.detail} ${node.module} ${node.place}`.toLowerCase();
      const found = words.length > 0 && words.every((word) => text.includes(word));
      if (found) matches.push(index);
      nodes[index].classList.toggle("match", found);
      nodes[index].classList.toggle("dim", words.length > 0 && !found);
    });
    output.value = words.length ? `${matches.length} found` : "";
    if (matches.length) goTo(matches[0]);
  };
  const next = (list) => { if (list.length) goTo(list.find((index) => index > current) ?? list[0]); };
  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); next(matches); } });
  const unsupported = graph.nodes.flatMap((node, index) => (node.look === "unsupported" ? [index] : []));
  const actions = { in: () => zoom(1.3), out: () => zoom(1 / 1.3), fit, next: () => next(unsupported) };
  for (const button of tools.querySelectorAll("button")) {
    if (button.dataset.action === "next" && !unsupported.length) button.hidden = true;
    button.addEventListener("click", actions[button.dataset.action]);
  }

  const pointers = new Map();
  svg.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, event); dragged = false; });
  svg.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const moved = [event.clientX - before.clientX, event.clientY - before.clientY];
    if (!dragged && Math.hypot(...moved) < 4) return;
    dragged = true;
    svg.setPointerCapture(event.pointerId);
    const others = [...pointers.values()].filter((other) => other.pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (others.length) {
      const span = (point) => Math.hypot(point.clientX - others[0].clientX, point.clientY - others[0].clientY);
      const at = box();
      zoom(span(event) / Math.max(span(before), 1), (event.clientX + others[0].clientX) / 2 - at.left,
           (event.clientY + others[0].clientY) / 2 - at.top);
    } else {
      x += moved[0];
      y += moved[1];
      apply();
    }
  });
  for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, (event) => pointers.delete(event.pointerId));
  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== svg) return; // the page scrolls
    event.preventDefault();
    const at = box();
    zoom(Math.exp(-event.deltaY / 300), event.clientX - at.left, event.clientY - at.top);
  }, { passive: false });
  svg.addEventListener("keydown", (event) => {
    const last = graph.nodes.length - 1;
    const keys = {
      "+": () => zoom(1.3), "-": () => zoom(1 / 1.3), "0": fit,
      ArrowDown: () => goTo(neighbours(current, "to")[0] ?? Math.min(current + 1, last)),
      ArrowUp: () => goTo(neighbours(current, "from")[0] ?? Math.max(current - 1, 0)),
      ArrowRight: () => goTo(Math.min(current + 1, last)),
      ArrowLeft: () => goTo(Math.max(current - 1, 0)),
      n: () => next(unsupported),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });

  // At first all of it, where that can be read; or else its begin, or the first that can't be converted.
  fit();
  if (scale < 0.55) {
    scale = 0.9;
    if (unsupported.length) goTo(unsupported[0]);
    else {
      x = box().width / 2 - layout.items[0].x * scale;
      y = nodeHeight + 8;
      apply();
    }
  }
  window.addEventListener("beforeprint", fit);
  tools.hidden = false;
}

for (const frame of document.querySelectorAll(".graph")) draw(frame);
