// An answer to a form that is another page than the form's own takes its place as a whole: nothing of the form stays in it.
document.addEventListener("turbo:before-render", ({ detail }) => {
  const { newBody } = detail;
  const other = newBody.matches(".layout-focus") !== document.body.matches(".layout-focus");
  if (detail.renderMethod === "morph" && (other || newBody.querySelector("#kept-form"))) detail.render = (now, next) => now.replaceWith(next);
});

// What a refresh may not take away: open menus, what one is typing, editors at work.
document.addEventListener("turbo:before-morph-attribute", (event) => {
  const { attributeName } = event.detail;
  if (attributeName === "open" && event.target.matches("details")) event.preventDefault();
  if (attributeName === "aria-expanded") event.preventDefault();
  // Where an open menu was pushed to, to be on the screen (panel.js).
  if (attributeName === "style" && event.target.closest("details[open]")) event.preventDefault();
});

document.addEventListener("turbo:before-morph-element", (event) => {
  const element = event.target;
  if (!(element instanceof HTMLElement)) return;
  const { newElement } = event.detail;
  if (element.matches("details.confirm[open]") && asks(element) !== asks(newElement)) element.open = false;
  const editing = element.matches(".editor-field[data-editor-ready]");
  const typing = element.matches("input, textarea, select") && (element === document.activeElement || changed(element));
  if (editing || typing) event.preventDefault();
});

// What a question is about: an open one must not become another beneath the finger.
function asks(question) {
  return question?.querySelector?.("form")?.getAttribute("action");
}

function changed(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.matches("select")) return [...field.options].some((one) => one.selected !== one.defaultSelected) && field.dataset.controller === undefined;
  return field.type !== "hidden" && field.value !== field.defaultValue;
}
