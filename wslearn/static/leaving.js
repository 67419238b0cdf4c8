// Leaving the page, and coming back to it.

/**
 * Call `leave` when the page is left. If it returns true, call `comeBack` should the browser show the page again.
 *
 * For Back and Forward, browsers keep pages that were left (the back/forward cache). Chromium keeps their WebSockets
 * open too, and answers pings on them: the server would believe for minutes that we are still here.
 * Not "unload", whose listeners keep a page out of that cache. And not "visibilitychange": somebody who looks at
 * another tab has not left this page.
 */
export function onLeaving(leave, comeBack) {
  let resumes = false;
  addEventListener("pagehide", () => {
    resumes = leave();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && resumes) comeBack();   // not persisted: the page has just been loaded
  });
}
