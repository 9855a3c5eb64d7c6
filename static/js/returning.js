// Where one wanted to go, or was writing, when the sign-in page came in between.

// The browser keeps the place within the page to itself, and hands it on from page to page: the form takes it along.
for (const field of document.querySelectorAll("input[name=next]")) {
  if (location.hash && field.value && !field.value.includes("#")) field.value += location.hash;
}

// Another tab may have signed in meanwhile: this one goes on as well, and else its forms get a token that still counts.
document.addEventListener("visibilitychange", async () => {
  if (document.hidden) return;
  const answer = await fetch(location.pathname + location.search).catch(() => null);
  if (!answer?.ok) return;
  if (!new URL(answer.url).pathname.startsWith("/sign-in")) return location.replace(answer.url + location.hash);
  const token = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[name=csrf_token]");
  for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = token?.value ?? field.value;
});

// A text that is kept in this browser (drafts/signing.js).
try {
  const { name } = JSON.parse(sessionStorage.getItem("left-for-signing-in")) ?? {};
  const isKept = name && Object.keys(localStorage).some((key) => key.startsWith("draft:") && key.endsWith(`:${name}`));
  if (isKept) document.querySelector("[data-left]")?.removeAttribute("hidden");
} catch {
  // A browser that keeps nothing has nothing to say.
}
