// Each test as the sentence that it is, what it measured, how it failed; last the totals that tests/run reads.
export default async function* report(source) {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (type === 'test:diagnostic' && data.nesting > 0) continue;
    if (type === 'test:diagnostic' && !/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(data.message)) yield `     ${data.message}\n`;
    if (type === 'test:pass' || type === 'test:fail') yield lineFor(data, type === 'test:pass', totals);
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
  }
  yield `${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`;
}

function lineFor({ name, skip, details }, passed, totals) {
  if (skip !== undefined && skip !== false) {
    ++totals.skipped;
    return `skipped: ${name}: ${skip === true ? 'no reason given' : skip}\n`;
  }
  const seconds = `${(details.duration_ms / 1_000).toFixed(1)} s`;
  if (passed) {
    ++totals.passed;
    return `ok   ${name} (${seconds})\n`;
  }
  ++totals.failed;
  const cause = details.error?.cause ?? details.error;
  return `FAIL ${name} (${seconds})\n${String(cause?.stack ?? cause).replace(/^/gm, '     ')}\n`;
}
