// A person's picture that cannot be had makes room for the initials.
function give(image) {
  const face = document.createElement("span");
  face.className = image.className;
  face.textContent = image.dataset.initials;
  if (image.alt) (face.setAttribute("role", "img"), face.setAttribute("aria-label", image.alt));
  else face.setAttribute("aria-hidden", "true");
  image.replaceWith(face);
}

document.addEventListener("error", ({ target }) => target.dataset?.initials && give(target), true);
// Those that failed before this script came are asked for once more.
for (const image of document.querySelectorAll("img[data-initials]")) if (image.complete && !image.naturalWidth) image.src += "";
