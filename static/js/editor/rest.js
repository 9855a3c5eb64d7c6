// A pause: no key and no press for half a second, and no composition (IME) that is still open.
const PAUSE = 500;
let typedAt = -PAUSE;
let isComposing = false;
for (const name of ["keydown", "keyup", "input", "compositionstart", "compositionend", "pointerdown", "pointerup"]) {
  document.addEventListener(name, (event) => {
    typedAt = performance.now();
    if (event instanceof CompositionEvent) isComposing = name === "compositionstart";
  }, true);
}
export async function atRest() {
  const left = () => (isComposing ? PAUSE : typedAt + PAUSE - performance.now());
  while (left() > 0) await new Promise((done) => { setTimeout(done, left()); });
}
