// Keep an opened panel on the screen: push it sideways, or open it upwards.
const EDGE = 8;

export function place(details, panel) {
  details.classList.remove("is-above");
  panel.style.translate = "";
  if (!details.open) return;
  const { left, right, bottom, height } = panel.getBoundingClientRect();
  const over = right - (document.documentElement.clientWidth - EDGE);
  const push = left < EDGE ? EDGE - left : over > 0 ? -Math.min(over, left - EDGE) : 0;
  if (push) panel.style.translate = `${push}px 0`;
  if (bottom > innerHeight - EDGE && details.getBoundingClientRect().top > height + 70) details.classList.add("is-above");
}
