// How long the tasks of a page's main thread take: each of them, not only those beyond the 50 ms from which on a page itself
// can be told (`longtask`). Chromium's tracing says; it costs some microseconds a task.
const limitMs = 16;
const mark = 'watched';

// Resolves when watching has begun; `end()` with what there was to see, in milliseconds.
export async function watchMainThread(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'], excludedCategories: ['*'] },
  });
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value) if (event.name === 'TimeStamp' || (event.ph === 'X' && event.dur >= 500)) events.push(event);
  });
  await page.evaluate(observe, mark);
  return {
    async end() {
      const frames = await page.evaluate(() => globalThis.endOfWatching?.() ?? null);
      const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
      await session.send('Tracing.end');
      await complete;
      await session.detach();
      return { ...tasksOf(events), ...frames };
    },
  };
}

// In the page. A reload ends it; then there are no frames to tell of.
function observe(mark) {
  console.timeStamp(mark);
  let longest = 0;
  let count = 0;
  let last = performance.now();
  let ended = false;
  const frame = (now) => {
    longest = Math.max(longest, now - last);
    last = now;
    ++count;
    if (!ended) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  let longTasks = 0;
  const observer = new PerformanceObserver((list) => (longTasks += list.getEntries().length));
  observer.observe({ entryTypes: ['longtask'] });
  globalThis.endOfWatching = () => {
    ended = true;
    console.timeStamp(mark);
    observer.disconnect();
    return { longestFrameGap: Number(longest.toFixed(1)), frames: count, tasksOver50: longTasks };
  };
}

function tasksOf(events) {
  const { pid, tid } = events.find(({ name, args }) => name === 'TimeStamp' && args.data?.message === mark) ?? {};
  if (pid === undefined) throw new Error('the trace does not tell which thread is the page’s');
  const own = events.filter((event) => event.pid === pid && event.tid === tid);
  const tasks = own.filter(({ name }) => name === 'RunTask');
  const cpuOf = ({ tdur, dur }) => tdur ?? dur;
  const [longest] = tasks.toSorted((one, other) => cpuOf(other) - cpuOf(one));
  return {
    longestTask: ms(Math.max(0, ...tasks.map(({ dur }) => dur))),
    longestTaskCpu: ms(longest ? cpuOf(longest) : 0),
    tasksOver16: tasks.filter((task) => cpuOf(task) > limitMs * 1_000).length,
    longestTaskParts: longest ? partsOf(longest, own, cpuOf) : {},
  };
}

function partsOf(task, events, cpuOf) {
  const parts = new Map();
  for (const event of events) {
    const isInside = event !== task && event.ts >= task.ts && event.ts + event.dur <= task.ts + task.dur;
    if (isInside && notable.test(event.name)) parts.set(event.name, (parts.get(event.name) ?? 0) + cpuOf(event));
  }
  return Object.fromEntries([...parts].filter(([, us]) => us >= 1_000).map(([name, us]) => [name, ms(us)]));
}

const notable = /^(FunctionCall|EvaluateScript|ParseHTML|Layout|UpdateLayoutTree|PrePaint|Paint|Layerize|Commit|EventDispatch|FireAnimationFrame|TimerFire|HitTest|MinorGC|MajorGC|V8\.GC.*|IntersectionObserverController::computeIntersections|HandlePostMessage|RunMicrotasks|XHR.*|UpdateLayerTree|ResourceReceivedData|v8\.compile.*)$/;

const ms = (us) => Number((us / 1_000).toFixed(1));
