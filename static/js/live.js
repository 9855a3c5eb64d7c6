// What others do is here within a second. One tab of the browser holds the stream of numbers for all of them; each
// visible tab then fetches what it shows itself. Without a stream the numbers are asked for every 20 seconds.
"use strict";

{
  const SECOND = 1000;
  const ASKED_EVERY = 20 * SECOND;
  const COUNTED_EVERY = 5 * SECOND;
  // A stream says something when it begins, and then every 15 seconds.
  const LONGEST_BEGINNING = 8 * SECOND;
  const LONGEST_SILENCE = 40 * SECOND;
  const TRIED_AGAIN_AFTER = [2, 5, 15, 60].map((seconds) => seconds * SECOND);
  const REST = 0.5 * SECOND;
  const IN_USE = "textarea, trix-editor, select, input:not([type=hidden])";

  const page = () => document.getElementById("live");
  const shows = () => Number(page().dataset.partnership);
  const known = new Map(); // the last number of each of my partnerships, as far as this tab has heard
  const baseline = new Map(); // what this tab heard first, for partnerships whose numbers the page does not name
  let isOver = false;

  // ---- The numbers: from the stream, or asked for; shared between the tabs ----

  const channel = new BroadcastChannel("live");
  let resign = null;
  let source = null;
  let silence = null;
  let asking = null;
  let tries = 0;

  function lead() {
    if (resign || isOver || document.hidden) return;
    const giveUp = new AbortController();
    resign = () => giveUp.abort();
    navigator.locks
      .request("live", { signal: giveUp.signal }, () => new Promise((done) => {
        resign = () => { disconnect(); done(); };
        connect();
      }))
      .catch(() => {});
  }

  // A hidden tab rests; one that is seen takes over.
  function rest() {
    resign?.();
    resign = null;
  }

  function connect() {
    source = new EventSource("/live");
    for (const name of ["all", "message", "out", "beat", "over"]) {
      source.addEventListener(name, ({ data }) => {
        tries = 0;
        stopAsking();
        listen(LONGEST_SILENCE);
        if (name !== "beat") share(name, name === "over" ? null : JSON.parse(data));
      });
    }
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) lose();
      else listen(LONGEST_BEGINNING); // The browser tries again by itself, and says what it was told last.
    });
    listen(LONGEST_BEGINNING);
  }

  function listen(longest) {
    clearTimeout(silence);
    silence = setTimeout(lose, longest);
  }

  // Full, cut, or held back on the way: ask instead, and try again later.
  function lose() {
    close();
    ask();
    asking ??= setInterval(ask, ASKED_EVERY);
    silence = setTimeout(connect, TRIED_AGAIN_AFTER[Math.min(tries, TRIED_AGAIN_AFTER.length - 1)] * (1 + Math.random() / 4));
    tries += 1;
  }

  function close() {
    clearTimeout(silence);
    source?.close();
    source = null;
  }

  function disconnect() {
    close();
    stopAsking();
  }

  async function ask() {
    const answer = await fetch("/live/numbers", { headers: { "HX-Request": "true" } }).catch(() => null);
    if (answer?.status === 204) share("over", null);
    else if (answer?.ok) share("all", await answer.json());
  }

  function stopAsking() {
    clearInterval(asking);
    asking = null;
  }

  function share(name, said) {
    channel.postMessage([name, said]);
    hear(name, said);
  }

  channel.addEventListener("message", ({ data: [name, said] }) => {
    if (name === "hello") {
      if (source || asking) channel.postMessage(["message", Object.fromEntries(known)]);
    } else hear(name, said);
  });

  function hear(name, said) {
    if (isOver) return;
    if (name === "over") return leave("over");
    if (name === "out") {
      for (const partnership of said) {
        known.delete(partnership);
        if (partnership === shows()) leave("out");
      }
      return count();
    }
    for (const [partnership, number] of Object.entries(said)) note(Number(partnership), number);
    // Somebody who is in it no more; the server says so for certain.
    if (name === "all" && shows() && !(shows() in said)) fetchNews();
    catchUp();
  }

  function note(partnership, number) {
    if (!baseline.has(partnership)) baseline.set(partnership, number);
    else if (number > (known.get(partnership) ?? 0)) count();
    known.set(partnership, Math.max(number, known.get(partnership) ?? 0));
  }

  // ---- What this page shows: fetched when something came after what was rendered ----

  let isFetching = false;
  let hasMissed = false;
  let failures = 0;

  function rendered() {
    const pairs = (page()?.dataset.numbers ?? "").split(",").filter(Boolean);
    return new Map(pairs.map((pair) => pair.split(":").map(Number)));
  }

  // Something came after what the page was rendered with, in what it shows: a partnership, or all of mine.
  function isBehind() {
    const numbers = rendered();
    const concerned = shows() ? [[shows(), known.get(shows()) ?? 0]] : [...known];
    return page()?.dataset.numbers !== undefined
      && concerned.some(([each, number]) => number > (numbers.get(each) ?? baseline.get(each) ?? Infinity));
  }

  function catchUp() {
    if (!document.hidden && !isOver && isBehind()) fetchNews();
  }

  async function fetchNews() {
    if (isFetching) return void (hasMissed = true);
    isFetching = true;
    hasMissed = false;
    const heard = new Map(known);
    const done = await attempt();
    failures = done ? 0 : failures + 1;
    if (done) for (const [each, number] of heard) baseline.set(each, number);
    setTimeout(() => {
      isFetching = false;
      if (hasMissed || failures) catchUp();
    }, done ? REST : Math.min(2 ** failures * SECOND, ASKED_EVERY));
  }

  async function attempt() {
    const { news } = page().dataset;
    const address = new URL(news || location.href, location.href);
    for (const [name, value] of new URLSearchParams(location.search)) address.searchParams.set(name, value);
    if (news) address.searchParams.set("after", rendered().get(shows()));
    const answer = await fetch(address, { headers: news ? { "HX-Request": "true" } : {} }).catch(() => null);
    if (!answer || isOver) return false;
    if (answer.status === 404) leave("out");
    else if (answer.status === 204 || answer.redirected) leave("over");
    else if (!answer.ok) return false;
    else if (news === page().dataset.news) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    return true;
  }

  // ---- Showing it, without disturbing anybody ----

  function show(came) {
    steadily(() => {
      for (const part of came.querySelectorAll("[data-live]")) {
        const mine = document.getElementById(part.id);
        if (!mine) continue;
        if (part.dataset.live === "add") add(mine, part);
        else if (part.dataset.live === "offer") offer(mine, part);
        else if (part.dataset.live === "say") say(part.textContent.trim());
        else morph(mine, part);
      }
      if (came.title) document.title = came.title;
      addCopying(document); // app.js
    });
  }

  const items = (list) => list.querySelectorAll(":scope > :is(article, div, li)[id], :scope > ol > li[id]");

  // New ones stand last; those that have changed change.
  function add(list, came) {
    for (const item of [...items(came)]) {
      const mine = document.getElementById(item.id);
      if (mine) morph(mine, item);
      else {
        list.append(item);
        htmx.process(item);
        hasShown = true;
      }
    }
  }

  // New ones are offered, for a list would jump; those that have changed change in their place.
  const offered = new Set();
  function offer(list, came) {
    for (const item of items(came)) {
      const mine = document.getElementById(item.id);
      if (mine) morph(mine, item);
      else offered.add(item.id);
    }
    showOffer();
  }

  function showOffer() {
    const fresh = document.getElementById("fresh");
    if (!fresh) return;
    for (const id of offered) if (document.getElementById(id)) offered.delete(id);
    const { one, many } = fresh.dataset;
    const words = offered.size === 1 ? one : many.replace("{number}", offered.size);
    fresh.hidden = !offered.size;
    if (fresh.hidden || fresh.querySelector("[data-words]").textContent === words) return;
    fresh.querySelector("[data-words]").textContent = words;
    say(words);
  }

  // What has come in while it was looked at has been read when the page is left.
  let hasShown = false;
  function markSeen() {
    const { seen, post, partnership } = page()?.dataset ?? {};
    if (!hasShown || !seen) return;
    hasShown = false;
    const headers = { "HX-Request": "true", ...JSON.parse(document.body.getAttribute("hx-headers")) };
    const body = new URLSearchParams({ post, number: rendered().get(Number(partnership)) });
    fetch(seen, { method: "POST", keepalive: true, headers, body }).catch(() => {});
  }

  function isInUse(element) {
    return element.matches("form") || element.querySelector(IN_USE) !== null;
  }

  function morph(mine, came) {
    if (mine.isEqualNode(came) || (isInUse(mine) && mine.id !== "live")) return;
    const open = [...mine.querySelectorAll("details[open]")];
    const focused = document.activeElement;
    const isKept = (name, element) => (name === "open" && open.includes(element)) || (name === "tabindex" && element === focused);
    Idiomorph.morph(mine, came, { callbacks: { beforeAttributeUpdated: (name, element) => !isKept(name, element) } });
    const now = document.getElementById(came.id);
    if (now) htmx.process(now);
  }

  // What is being read or written stays where it is on the screen.
  function steadily(change) {
    const root = document.documentElement;
    const held = anchor();
    const before = held?.getBoundingClientRect().top;
    root.style.overflowAnchor = "none";
    change();
    if (held?.isConnected) scrollBy({ top: held.getBoundingClientRect().top - before, behavior: "instant" });
    requestAnimationFrame(() => { root.style.overflowAnchor = ""; });
  }

  function anchor() {
    const focused = document.activeElement;
    const isSeen = ({ top, bottom }) => bottom > 0 && top < innerHeight;
    if (focused?.closest("main") && focused.id !== "content" && isSeen(focused.getBoundingClientRect())) return focused;
    if (scrollY === 0) return null;
    const parts = document.querySelectorAll("main :is(article, section, form, h1, h2, h3, p, li)");
    return [...parts].find((part) => part.getBoundingClientRect().top >= 0) ?? null;
  }

  function say(words) {
    const said = document.getElementById("said");
    if (!words || !said) return;
    said.textContent = "";
    setTimeout(() => { said.textContent = words; }, 100); // The same words twice are said twice.
  }

  // ---- What waits for me, in the top bar ----

  let counted = 0;
  let counting = null;
  function count() {
    const place = document.querySelector("#waiting-count[hx-get]");
    if (!place || counting) return;
    counting = setTimeout(() => {
      counting = null;
      counted = Date.now();
      if (!document.hidden && !isOver) htmx.ajax("GET", "/waiting", { target: place, swap: "innerHTML" });
    }, Math.max(0, counted + COUNTED_EVERY - Date.now()));
  }

  // ---- Out of the partnership, or of the session: told, and nothing more of it is on the page ----

  function leave(why) {
    isOver = true;
    rest();
    const template = document.querySelector(`template[data-announcement="${why}"]`);
    const words = template.content.cloneNode(true);
    const written = [...document.querySelectorAll("main textarea, main input[type=text]")]
      .filter((field) => field.value.trim() && field.value !== field.defaultValue)
      .map((field) => field.value);
    const kept = words.querySelector("[data-kept]");
    kept.hidden = !written.length;
    kept.querySelector(".submitted-text").textContent = written.join("\n\n");
    words.querySelector("a[data-back]")?.setAttribute("href", `/sign-in?next=${encodeURIComponent(location.pathname)}`);
    const heading = document.createElement("h1");
    heading.textContent = template.dataset.title;
    heading.tabIndex = -1;
    const place = document.createElement("div");
    place.className = "wrap page flow-s";
    place.append(heading, words);
    document.title = `${template.dataset.title} – Samspil`;
    document.querySelector("main").replaceChildren(place);
    if (why === "over") document.querySelector(".topbar__row > .topnav")?.remove();
    heading.focus();
  }

  // ---- Begin ----

  if (page() && navigator.locks) {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return markSeen(), rest();
      channel.postMessage(["hello"]);
      lead();
      catchUp();
    });
    // What I have just shared may have come here by the stream before the answer to it.
    document.addEventListener("htmx:oobBeforeSwap", ({ detail: { target, fragment } }) => {
      for (const { id } of fragment.children) if (id && id !== target.id) target.querySelector(`#${id}`)?.remove();
    });
    document.addEventListener("htmx:afterSettle", ({ detail }) => {
      showOffer();
      if (detail.requestConfig?.elt.closest("#fresh")) document.querySelector("[data-live=offer] :is(h3, h4) a")?.focus();
    });
    channel.postMessage(["hello"]);
    lead();
  }
}
