// A lesson that tells the LMS how long it took: the time in which its page was visible.
(function () {
  function find(win) {
    for (var hops = 0; win && hops < 20; hops++) {
      if (win.API_1484_11) return win.API_1484_11;
      if (win.parent === win) break;
      win = win.parent;
    }
    return null;
  }
  var api = find(window) || (window.opener && find(window.opener));
  var pages = document.querySelectorAll("section");
  var at = 0;
  var progress = 0;
  var isOver = false;
  var spentMs = 0;
  var visibleSince = document.visibilityState === "visible" ? performance.now() : null;

  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "visible") { visibleSince = performance.now(); return; }
    spentMs = spent();
    visibleSince = null;
  });
  function spent() { return spentMs + (visibleSince === null ? 0 : performance.now() - visibleSince); }
  function set(name, value) { if (api) api.SetValue(name, String(value)); }
  function commit() {
    if (!api) return;
    set("cmi.session_time", "PT" + (spent() / 1000).toFixed(2) + "S");
    api.Commit("");
  }

  function show(page) {
    at = Math.max(0, Math.min(pages.length - 1, page));
    pages.forEach(function (it, n) { it.hidden = n !== at; });
    document.getElementById("back").disabled = at === 0;
    document.getElementById("next").disabled = at === pages.length - 1;
    document.getElementById("place").textContent = "Page " + (at + 1) + " of " + pages.length;
    set("cmi.location", at);
    // Leafing back takes nothing away.
    progress = Math.max(progress, Math.round(100 * (at + 1) / pages.length) / 100);
    set("cmi.progress_measure", progress);
    set("cmi.completion_status", progress === 1 ? "completed" : "incomplete");
    commit();
  }

  // Whoever reads by ear or by keyboard goes on at the new page's heading.
  function turn(page) {
    show(page);
    var heading = pages[at].querySelector("h1");
    heading.tabIndex = -1;
    heading.focus();
  }

  document.getElementById("back").onclick = function () { turn(at - 1); };
  document.getElementById("next").onclick = function () { turn(at + 1); };
  document.getElementById("quiz").onsubmit = function (event) {
    event.preventDefault();
    var isRight = new FormData(event.target).get("answer") === "1";
    document.getElementById("result").textContent = isRight ? "Right." : "Not quite: please think again.";
    set("cmi.score.scaled", isRight ? 1 : 0);
    set("cmi.success_status", isRight ? "passed" : "failed");
    commit();
  };

  function leave() {
    if (isOver || !api) return;
    isOver = true;
    set("cmi.exit", "suspend");
    commit();
    api.Terminate("");
  }
  window.addEventListener("pagehide", leave);
  // A page that comes back as it was left has a session that is over: it begins anew.
  window.addEventListener("pageshow", function (event) { if (event.persisted) location.reload(); });

  if (api) {
    api.Initialize("");
    progress = Number(api.GetValue("cmi.progress_measure")) || 0;
    show(Number(api.GetValue("cmi.location")) || 0);
  } else show(0);
})();
