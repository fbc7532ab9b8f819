// What other programs put on the clipboard. Their styles are refused by our content security policy, which says so in the console
// for each; so they go before anything is made of the text. What they mean (bold, italic, struck through) stays, as elements.
const TAG = /<[a-z][^>]*>/gi;
const STYLE = /\sstyle\s*=/gi;
const SHEETS = /<style[\s>][\s\S]*?<\/style>|<!--[\s\S]*?-->|<link[^>]*>/gi;
const MARKS = [
  [/(?<![-\w])font-weight:\s*(bold|[6-9]00)/i, "strong", "b, strong, h1, h2, h3, th"],
  [/(?<![-\w])font-style:\s*italic/i, "em", "i, em"],
  [/(?<![-\w])text-decoration[^:]*:[^;]*line-through/i, "s", "s, strike, del"],
];

export function withoutStyles(html) {
  const named = html.replace(SHEETS, "").replace(TAG, (tag) => tag.replace(STYLE, " data-pasted="));
  const page = new DOMParser().parseFromString(named, "text/html");
  for (const element of page.querySelectorAll("[data-pasted]")) {
    const style = element.dataset.pasted;
    delete element.dataset.pasted;
    if (element.matches("b, strong") && /(?<![-\w])font-weight:\s*(normal|400)/i.test(style)) element.replaceWith(...element.childNodes);
    else for (const [meaning, name, has] of MARKS) if (meaning.test(style) && !element.matches(has)) wrap(element, name);
  }
  return page.body.innerHTML;
}

function wrap(element, name) {
  const mark = element.ownerDocument.createElement(name);
  mark.append(...element.childNodes);
  element.append(mark);
}
