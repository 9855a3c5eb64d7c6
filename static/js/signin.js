// The script of the pages outside the sign-in.
import "./focus.js";
import "./once.js";
import "./returning.js";
