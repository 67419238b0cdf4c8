// Leaving the page, and coming back to it.

/**
 * Call `leave` when the user leaves the page. If it returned true, call `comeBack` when the browser shows it again.
 *
 * For Back and Forward, browsers keep old pages in the back/forward cache. Chromium keeps their WebSockets open too,
 * and answers pings on them, so the server would believe for minutes that we are still here.
 * We do not use "unload", because its listeners keep a page out of that cache. We do not use "visibilitychange" either,
 * because somebody who looks at another tab has not left this page.
 */
export function onLeaving(leave, comeBack) {
  let resumes = false;
  addEventListener("pagehide", () => {
    resumes = leave();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && resumes) comeBack();   // not persisted: the browser has just loaded the page
  });
}
