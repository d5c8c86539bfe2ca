// What a browser takes of the machine's memory: each of its processes' share, in which what several of them map counts once
// (PSS, of Linux).
import { readdirSync, readFileSync } from 'node:fs';

// The browser on that profile, in MiB.
export function memoryOf(profile) {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap(look);
  const own = new Set(processes.filter(({ command }) => command.includes(profile)).map(({ pid }) => pid));
  for (let known = 0; known !== own.size; ) {
    known = own.size;
    for (const { pid, parent } of processes) if (own.has(parent)) own.add(pid);
  }
  return [...own].reduce((sum, pid) => sum + shareOf(pid), 0) / 1_024;
}

// A process may end while it is looked at.
function look(pid) {
  try {
    const [, parent] = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return [{ pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }];
  } catch {
    return [];
  }
}

function shareOf(pid) {
  try {
    return Number(/^Pss:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
  } catch {
    return 0;
  }
}
