// The one entry: Turbo, Stimulus and the small controllers. The editor and the live channel load when a page has them.
import * as Turbo from "@hotwired/turbo";
import { Application } from "@hotwired/stimulus";
import Autosize from "./autosize.js";
import Bell from "./bell.js";
import Choose from "./choose.js";
import Clipboard from "./clipboard.js";
import Completing from "./completing.js";
import Confirm from "./confirm.js";
import Duration from "./duration.js";
import Editor from "./editor.js";
import Flash from "./flash.js";
import FocusError from "./focus_error.js";
import Follow from "./follow.js";
import Form from "./form.js";
import Infinite from "./infinite.js";
import Kept from "./kept.js";
import Live from "./live.js";
import Menu from "./menu.js";
import Picture from "./picture.js";
import Range from "./range.js";
import Reactions from "./reactions.js";
import Reading from "./reading.js";
import Refresh from "./refresh.js";
import Reveal from "./reveal.js";
import Scrollable from "./scrollable.js";
import Searching from "./searching.js";
import Shortcut from "./shortcut.js";
import Sidebar from "./sidebar.js";
import Theme from "./theme.js";
import Time from "./time.js";
import Timezone from "./timezone.js";
import Upload from "./upload.js";
import "./anchored.js";
import "./connection.js";
import "./focus_after.js";
import "./initials.js";
import "./morph.js";

document.documentElement.dataset.js = "";
// The sheet draws the bar of progress (see build.mjs), so Turbo's own never shows.
Turbo.config.drive.progressBarDelay = 2 ** 31 - 1;
// A button that was pressed keeps the focus while its form is under way; disabled, it would lose it.
Turbo.config.forms.submitter = "aria-disabled";

const application = Application.start();
const controllers = {
  autosize: Autosize,
  bell: Bell,
  choose: Choose,
  clipboard: Clipboard,
  completing: Completing,
  confirm: Confirm,
  duration: Duration,
  editor: Editor,
  flash: Flash,
  "focus-error": FocusError,
  follow: Follow,
  form: Form,
  infinite: Infinite,
  kept: Kept,
  live: Live,
  menu: Menu,
  picture: Picture,
  range: Range,
  reactions: Reactions,
  reading: Reading,
  refresh: Refresh,
  reveal: Reveal,
  scrollable: Scrollable,
  searching: Searching,
  shortcut: Shortcut,
  sidebar: Sidebar,
  theme: Theme,
  time: Time,
  timezone: Timezone,
  upload: Upload,
};
for (const [name, controller] of Object.entries(controllers)) application.register(name, controller);
