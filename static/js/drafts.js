// What is being written is kept in this browser, each form's text for itself, until an answer says that it was taken.
// A draft has a name of its own, which the page that writes or offers it has locked. What a page has left behind is
// offered where it was written.
import { offerAll } from "./drafts/offering.js";
import { forgetTaken, goOn } from "./drafts/sending.js";
import { goBack } from "./drafts/signing.js";
import { person, prune } from "./drafts/storage.js";

if (person) {
  prune();
  forgetTaken();
  offerAll(document);
  goBack();
  document.addEventListener("htmx:afterSettle", ({ target, detail }) => {
    goOn(detail);
    forgetTaken();
    offerAll(target.parentNode ?? document);
  });
}
