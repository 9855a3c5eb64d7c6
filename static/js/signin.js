// The script of the pages outside the sign-in.
import "./focus.js";
import "./returning.js";
