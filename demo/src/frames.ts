// Runs `paint` for what has changed: at once when the last time is a while ago, so that a single change is
// seen without delay, and once a frame when changes come thick and fast. A page that is given no frames, because
// another tab covers it, paints all the same, later.
export function framed(paint: () => void): { request(): void; cancel(): void } {
  const restMs = 16;
  const frameMsMax = 250;
  let last = -Infinity;
  let frame = 0;
  let timer = 0;
  const cancel = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    frame = 0;
  };
  const run = (): void => {
    cancel();
    last = performance.now(); // what paint() itself asks for comes a frame later
    paint();
    last = performance.now();
  };
  return {
    request() {
      if (frame !== 0) return;
      if (document.hidden || performance.now() - last > restMs) return run();
      frame = requestAnimationFrame(run);
      timer = setTimeout(run, frameMsMax);
    },
    cancel,
  };
}
