// Keep an opened panel on the screen: mirror it, or open it upwards.
export function place(details, panel) {
  details.classList.remove("is-flipped", "is-above");
  if (!details.open || !panel) return;
  const outside = ({ left, right }) => left < 4 || right > document.documentElement.clientWidth - 4;
  if (outside(panel.getBoundingClientRect())) {
    details.classList.add("is-flipped");
    if (outside(panel.getBoundingClientRect())) details.classList.remove("is-flipped");
  }
  const box = panel.getBoundingClientRect();
  if (box.bottom > innerHeight - 4 && details.getBoundingClientRect().top > box.height + 70) details.classList.add("is-above");
}
