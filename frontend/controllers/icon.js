// An icon from the sprite the page already uses, so that its hashed address is known.
let sprite;

export function icon(name, className = "icon") {
  sprite ??= document.querySelector("svg use")?.getAttribute("href").split("#")[0] ?? "";
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
