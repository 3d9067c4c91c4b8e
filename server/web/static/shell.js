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
})();
