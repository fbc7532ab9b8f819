// Where the focus goes after an act whose button went with it: to what the act was about, as far as it is still there, or to
// the main part of the page. Someone without a mouse would begin at the top of the page otherwise.
let about = [];
let path = "";
let refused = false;

addEventListener("turbo:submit-start", ({ target }) => {
  about = [];
  path = location.pathname;
  for (let one = target.closest("[id]"); one; one = one.parentElement?.closest("[id]")) about.push(one.id);
});

// What a refresh changes in place keeps the focus, and a refusal is told anew each time.
addEventListener("turbo:before-morph-attribute", (event) => {
  if (event.detail.attributeName === "tabindex" && event.target === document.activeElement) event.preventDefault();
});
addEventListener("turbo:submit-end", ({ detail }) => (refused = !detail.success));

function settle() {
  const told = refused && document.querySelector(".error-summary");
  refused = false;
  if (told) return told.focus();
  if (!about.length || path !== location.pathname) return;
  const lost = !document.activeElement || document.activeElement === document.body;
  if (!lost) return;
  const place = about.map((id) => document.getElementById(id)).find((one) => one?.checkVisibility?.() && one.offsetHeight);
  if (!place) return;
  about = [];
  if (!place.matches("a, button, input, select, textarea, summary, [tabindex]")) place.setAttribute("tabindex", "-1");
  place.focus({ preventScroll: true });
}

const soon = () => requestAnimationFrame(settle);
addEventListener("turbo:before-stream-render", ({ detail }) => {
  const { render } = detail;
  detail.render = async (stream) => {
    await render(stream);
    soon();
  };
});
addEventListener("turbo:render", soon);
addEventListener("pointerdown", () => (about = []));
