// Addresses that lead to a place in a page by a redirect: a fetch is not told the place (its answer's URL has no fragment), so Turbo
// would show the page from its top. The browser itself follows these links, and finds the very comment.
const LEADING = /^\/(?:d\/[^/]+\/comment\/\d+|notifications\/\d+)\/?$/;

export const leadsToPlace = (url) => LEADING.test(new URL(url, "https://site.invalid").pathname);

if (typeof document !== "undefined") {
  document.addEventListener("turbo:click", (event) => {
    if (leadsToPlace(event.detail.url)) event.preventDefault();
  });
}
