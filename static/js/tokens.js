// A page that was open before somebody signed in again, in another tab, has the token of a session that is over. The
// server refuses it, and says the present one (workspace/errors.py). A page of somebody else's is over as well.
import { leave } from "./live/leaving.js";

document.addEventListener("new-token", ({ detail: { token, person } }) => {
  const { body } = document;
  if (person !== Number(body.dataset.person)) return leave("over");
  body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = token;
});

// Whether an answer that HTMX did not ask for brought one, so that the same can be sent again.
export function takeToken(header) {
  if (!header?.includes("new-token")) return false;
  document.dispatchEvent(new CustomEvent("new-token", { detail: JSON.parse(header)["new-token"] }));
  return true;
}
