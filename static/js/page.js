// The script of every page behind the sign-in. Everything works without it, and so does each part without the others.
// The modules become one file (workspace/web/assets.py), with HTMX and Idiomorph before them.
import "./focus.js";
import "./menus.js";
import "./searching.js";
import "./tabs.js";
import "./ticking.js";
import "./selecting.js";
import "./links.js";
import "./place.js";
import "./copying.js";
import "./uploads.js";
import "./once.js";
import "./connection.js";
import "./tokens.js";
import "./editor/files.js";
import "./editor/opening.js";
import "./editor/quoting.js";
import "./editor/counting.js";
import "./drafts.js";
import "./live.js";
import "./reading.js";
