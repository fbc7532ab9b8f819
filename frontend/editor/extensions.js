// What the editor understands: the tags and attributes that the server lets through, and no more.
import { Node, mergeAttributes } from "@tiptap/core";
import { Image } from "@tiptap/extension-image";
import { TaskItem, TaskList } from "@tiptap/extension-list";
import { Mention } from "@tiptap/extension-mention";
import { Table, TableCell, TableHeader, TableRow } from "@tiptap/extension-table";
import { Markdown } from "@tiptap/markdown";
import { StarterKit } from "@tiptap/starter-kit";
import { suggestion } from "./suggestion.js";
import { heard, withDay } from "./tasks.js";

const kept = (name) => ({
  default: null,
  keepOnSplit: false,
  parseHTML: (element) => element.getAttribute(name),
  renderHTML: (attributes) => (attributes[name] ? { [name]: attributes[name] } : {}),
});

// Tables without column widths, which would need inline style.
const PlainTable = Table.extend({
  renderHTML({ HTMLAttributes }) {
    return ["table", mergeAttributes(this.options.HTMLAttributes, HTMLAttributes), ["tbody", 0]];
  },
});

// Tasks keep who, when and reminder; a new line is a new task, due when it says so itself.
const Task = TaskItem.extend({
  addAttributes() {
    return {
      ...this.parent?.(),
      "data-uid": kept("data-uid"),
      "data-due-on": kept("data-due-on"),
      "data-remind": kept("data-remind"),
      "data-author-id": kept("data-author-id"),
    };
  },
  renderHTML({ HTMLAttributes }) {
    return ["li", mergeAttributes(HTMLAttributes, { "data-type": "taskItem" }), 0];
  },
  parseMarkdown: (...given) => heard(TaskItem.config.parseMarkdown(...given)),
  renderMarkdown: (node, ...given) => withDay(TaskItem.config.renderMarkdown(node, ...given), node.attrs),
});

const Person = Mention.extend({
  addAttributes() {
    return {
      id: {
        default: null,
        parseHTML: (element) => element.getAttribute("data-mention-id"),
        renderHTML: (attributes) => ({ "data-mention-id": attributes.id }),
      },
      label: {
        default: null,
        parseHTML: (element) => element.textContent.replace(/^@/, ""),
        renderHTML: () => ({}),
      },
    };
  },
  parseHTML: () => [{ tag: "span[data-mention-id]" }],
  renderHTML({ node, HTMLAttributes }) {
    return ["span", mergeAttributes({ class: "mention" }, HTMLAttributes), `@${node.attrs.label ?? node.attrs.id}`];
  },
  renderText: ({ node }) => `@${node.attrs.id}`,
  renderMarkdown: (node) => `@${node.attrs.id}`,
});

// What others write together with us comes unseen by the site: an address that would run something is not shown.
export const fetched = (value) => (value && /^(https?:|\/)/i.test(value) ? value : null);

// Films and sound that came with the text are kept as they are.
const media = (name, attributes) =>
  Node.create({
    name,
    group: "block",
    atom: true,
    addAttributes: () => Object.fromEntries(attributes.map((one) => [one, kept(one)])),
    parseHTML: () => [{ tag: `${name}[src]` }],
    renderHTML: ({ HTMLAttributes }) => [name, mergeAttributes(HTMLAttributes, { src: fetched(HTMLAttributes.src), poster: fetched(HTMLAttributes.poster) })],
    renderMarkdown: (node) => fetched(node.attrs.src) ?? "",
  });

export function extensions({ mentions, shared = [] }) {
  const all = [
    ...shared,
    StarterKit.configure({
      ...(shared.length ? { undoRedo: false } : {}), // a shared text undoes one's own changes alone
      heading: { levels: [1, 2, 3] },
      link: { openOnClick: false, autolink: true, defaultProtocol: "https", HTMLAttributes: { target: null, rel: null } },
      underline: {},
    }),
    Image.configure({ inline: false, allowBase64: false }),
    TaskList,
    Task.configure({ nested: true }),
    PlainTable.configure({ resizable: false, renderWrapper: false }),
    TableRow,
    TableHeader,
    TableCell,
    media("video", ["src", "poster", "width", "height"]),
    media("audio", ["src"]),
    media("iframe", ["src", "width", "height"]),
    Markdown,
  ];
  // Without an address for suggestions, mentions already in the text are still shown as such.
  all.push(Person.configure({ suggestion: mentions ? suggestion(mentions) : { char: "\u0000" } }));
  return all;
}
