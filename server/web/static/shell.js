// Small comforts. Every page works without them.
(function () {
  "use strict";

  function typing(element) {
    return element && /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
  }

  // "/" goes to the page's search field, as in most catalogues.
  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    var search = document.querySelector("input[type=search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  // A refresh must not take the place away from somebody who is reading by keyboard or marking text.
  document.addEventListener("htmx:beforeRequest", function (event) {
    var target = event.detail.target;
    var marked = String(window.getSelection ? window.getSelection() : "");
    if (document.hidden || marked || (document.activeElement !== document.body && target.contains(document.activeElement))) {
      event.preventDefault();
    }
  });

  // One box ticks all boxes of its table; without this script it is not shown.
  Array.prototype.forEach.call(document.querySelectorAll("[data-all]"), function (all) {
    all.hidden = false;
    all.addEventListener("change", function () {
      var boxes = all.closest("table").querySelectorAll("tbody input[type=checkbox]:not(:disabled)");
      Array.prototype.forEach.call(boxes, function (box) { box.checked = all.checked; });
    });
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });

  // Where a table is wider than a narrow screen, its less telling columns (data-less, 1 goes first; never one that is
  // filled in, for what they hold is copied) move one by one under each row, until it fits. Without this script the
  // table scrolls sideways.
  var narrow = window.matchMedia("(max-width: 900px)");

  function each(list, act) { Array.prototype.forEach.call(list, act); }

  function cellOf(row, column, columns_n) {
    // Rows under a cell that spans several have fewer; such cells stand at either end.
    if (row.cells.length === columns_n) return row.cells[column];
    var first = row.parentNode.rows[0], before = 0;
    while (before < first.cells.length && first.cells[before].rowSpan > 1) before += 1;
    return row.cells[column - before];
  }

  // A line of its own, as wide as the table; in a group of rows that share cells, under the row's name.
  function lineUnder(row) {
    if (row.closest(".pairs")) {
      var name = row.querySelector("th[scope=row]") || row.cells[0];
      return name.querySelector(".beneath") || name.appendChild(underline("small"));
    }
    var next = row.nextElementSibling;
    if (!next || next.className !== "beneath") {
      next = underline("tr");
      next.appendChild(document.createElement("td")).colSpan = 99;
      row.parentNode.insertBefore(next, row.nextSibling);
    }
    return next.firstChild;
  }

  function underline(tag) {
    var made = document.createElement(tag);
    made.className = "beneath";
    return made;
  }

  function fold(row, cell, title) {
    if (!cell || row.className === "beneath") return;
    cell.classList.add("folded");
    if (/^[—–-]?$/.test(cell.textContent.trim())) return;
    var told = lineUnder(row).appendChild(document.createElement(cell.querySelector("dl, ul, p") ? "div" : "span"));
    told.textContent = title + " ";
    each(cell.childNodes, function (node) { told.appendChild(node.cloneNode(true)); });
  }

  function fit(box) {
    var heads = box.querySelectorAll("thead tr:only-child > th");
    each(box.querySelectorAll(".folded"), function (cell) { cell.classList.remove("folded"); });
    each(box.querySelectorAll(".beneath"), function (line) { line.parentNode.removeChild(line); });
    if (!narrow.matches) return;
    Array.prototype.filter.call(heads, function (head) { return head.dataset.less; })
      .sort(function (one, other) { return one.dataset.less - other.dataset.less; })
      .forEach(function (head) {
        if (box.scrollWidth <= box.clientWidth) return;
        var column = Array.prototype.indexOf.call(heads, head), title = head.textContent.trim();
        head.classList.add("folded");
        each(box.querySelectorAll("tbody tr"), function (row) {
          fold(row, cellOf(row, column, heads.length), title);
        });
      });
  }

  function fitAll() { each(document.querySelectorAll(".table"), fit); }

  fitAll();
  window.addEventListener("resize", fitAll);
  document.addEventListener("htmx:afterSettle", fitAll);
})();
