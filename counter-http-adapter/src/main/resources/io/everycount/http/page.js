// SPDX-License-Identifier: Apache-2.0
'use strict';
(() => {
  const POINTS = 300;
  const RATE_WINDOW = 2.5;
  const SPARK_POINTS = 60;
  const KEYS_SHOWN = 10;
  const SILENT_MILLIS = 90_000;
  const DAY_MILLIS = 86_400_000;

  const by = (id) => document.getElementById(id);
  const grouped = new Intl.NumberFormat('en-US');

  /** Exact, whatever its size: texts become BigInt. */
  const digits = (text) => grouped.format(BigInt(text));

  const put = (id, text) => {
    const element = by(id);
    if (element.textContent !== text) {
      element.textContent = text;
    }
  };

  /** Three digits and an SI prefix. */
  const si = (value) => {
    const size = Math.abs(value);
    if (size < 1000) {
      return size >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(size >= 10 ? 1 : 2).replace(/\.?0+$/, '');
    }
    const power = Math.min(6, Math.floor(Math.log10(size) / 3));
    const scaled = value / 1000 ** power;
    const decimals = Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2;
    return scaled.toFixed(decimals).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') + ' ' + ['', 'k', 'M', 'G', 'T', 'P', 'E'][power];
  };
  const bytes = (value) => si(value) + (value >= 1000 ? 'B' : ' B');
  const perSecond = (value) => si(value) + '/s';
  const time = (millis) => {
    if (millis < 1000) {
      return (millis < 10 ? millis.toFixed(1) : millis.toFixed(0)) + ' ms';
    }
    const seconds = millis / 1000;
    if (seconds < 120) {
      return seconds.toFixed(seconds < 10 ? 1 : 0) + ' s';
    }
    const minutes = seconds / 60;
    if (minutes < 120) {
      return minutes.toFixed(0) + ' min';
    }
    return minutes < 2880 ? (minutes / 60).toFixed(0) + ' h' : (minutes / 1440).toFixed(0) + ' d';
  };

  /** Two times; the unit once, if it is the same. */
  const times = (a, b) => {
    const [first, second] = [time(a), time(b)].map((text) => text.split(' '));
    return (first[1] === second[1] ? first[0] : first.join(' ')) + ' · ' + second.join(' ');
  };

  /** What has no shape, or changes that of others, is shown by its number. */
  const shown = (key) => {
    const clear = key.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => '\\u{' + c.codePointAt(0).toString(16) + '}');
    return clear.length > 120 ? clear.slice(0, 120) + '…' : clear;
  };

  // Rates

  /** A sum that grows in steps: its rate is taken between two of them, so that their rhythm does not show. */
  class Rate {
    constructor() {
      this.steps = [];
    }

    add(seconds, sum) {
      const last = this.steps[this.steps.length - 1];
      if (!last || last.sum !== sum) {
        this.steps.push({ seconds, sum });
      }
      while (this.steps.length > 2 && this.steps[1].seconds < seconds - 2 * RATE_WINDOW) {
        this.steps.shift();
      }
    }

    at(seconds) {
      const last = this.steps[this.steps.length - 1];
      const end = seconds - last.seconds > 1.5 ? seconds : last.seconds;
      let start = this.steps[0];
      for (const step of this.steps) {
        if (step.seconds <= end - RATE_WINDOW) {
          start = step;
        }
      }
      // A sum that has not changed for long was the same a moment ago, too.
      const from = start.seconds < end - 2 * RATE_WINDOW ? end - RATE_WINDOW : start.seconds;
      const took = end - from;
      return took > 0 ? Number(BigInt.asIntN(64, last.sum - start.sum)) / took : 0;
    }
  }

  const data = [[], [], []];
  let accepted = null;
  let persisted = null;
  let plot = null;

  const addPoint = (seconds, a, p) => {
    [seconds, a, p].forEach((value, i) => {
      data[i].push(value);
      if (data[i].length > POINTS) {
        data[i].shift();
      }
    });
  };

  /** From the first point on, a minute at least. */
  const shownTimes = () => {
    const end = data[0].length ? data[0][data[0].length - 1] : Date.now() / 1000;
    return [Math.min(end - 60, data[0][0] || end), end];
  };

  const clock = (u, splits) => splits.map((s) => new Date(s * 1000).toLocaleTimeString('en-GB'));

  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue('--' + name).trim();
    const font = '12px system-ui, sans-serif';
    const axis = { stroke: colour('soft'), font, grid: { stroke: colour('line'), width: 1 }, ticks: { stroke: colour('line'), width: 1 } };
    const box = by('plot');
    if (plot) {
      plot.destroy();
    }
    plot = new uPlot({
      width: box.clientWidth,
      height: 240,
      legend: { show: false },
      cursor: { points: { size: 7 }, drag: { x: false, y: false } },
      scales: {
        x: { range: () => shownTimes() },
        y: { range: (u, min, max) => [Math.min(0, min || 0), Math.max(1, (max || 0) * 1.1)] },
      },
      axes: [
        { ...axis, values: clock, space: 80, size: 32 },
        { ...axis, values: (u, splits) => splits.map(perSecond), size: 72 },
      ],
      series: [
        {},
        { label: 'accepted', stroke: colour('accepted'), width: 2, points: { show: false } },
        { label: 'persisted', stroke: colour('persisted'), width: 2, dash: [6, 4], points: { show: false } },
      ],
      hooks: { setCursor: [showAtCursor] },
    }, data, box);
  };

  const showRates = (a, p) => {
    put('accepted-rate', a === null ? '–' : perSecond(a));
    put('persisted-rate', p === null ? '–' : perSecond(p));
  };

  const showAtCursor = (u) => {
    const i = u.cursor.idx === null || u.cursor.idx === undefined ? data[0].length - 1 : u.cursor.idx;
    if (i >= 0) {
      showRates(data[1][i], data[2][i]);
    }
  };

  const addRates = (event) => {
    const seconds = Date.now() / 1000;
    if (accepted === null) {
      accepted = new Rate();
      persisted = new Rate();
      if (data[0].length) {
        // What was not seen is not drawn.
        addPoint(seconds, null, null);
      }
    }
    accepted.add(seconds, BigInt(event.accepted));
    persisted.add(seconds, BigInt(event.persisted));
    const last = data[0].length ? data[0][data[0].length - 1] : 0;
    if (seconds - last >= 0.95) {
      addPoint(seconds, accepted.at(seconds), persisted.at(seconds));
      plot.setData(data);
      showAtCursor(plot);
    }
  };

  // What is shown of events

  let now = null;
  let database = null;
  let databaseSeen = 0;
  let announced = '';

  const verdict = (kind, word, why) => {
    by('verdict').className = kind;
    put('word', { good: '✓ ', bad: '✗ ', unknown: '' }[kind] + word);
    put('why', why);
    if (announced !== word) {
      announced = word;
      put('announce', word);
    }
    document.title = { good: '✓ ', bad: '✗ ', unknown: '' }[kind] + (now ? now.name + ' · ' : '') + 'Everycount';
  };

  /** One snapshot, so nothing can be in between. */
  const judge = () => {
    const sum = BigInt.asIntN(64, BigInt(now.persisted) + BigInt(now.pending) + BigInt(now.quarantined) + BigInt(now.lost));
    if (sum !== BigInt(now.accepted)) {
      return verdict('bad', 'The sums do not add up', 'What is accepted is not what became of it: this is a defect. Please report it.');
    }
    if (now.lost !== '0') {
      return verdict('bad', 'Increments are lost', 'The database went back in time further than records are kept; the table of gaps and the log say which.');
    }
    if (now.state !== 'running' && now.state !== 'closed') {
      return verdict('bad', 'This instance has stopped: ' + now.state, now.stateMessage || '');
    }
    if (database && database.behind) {
      return verdict('bad', 'The database went back in time', 'Its ledger has this instance at an earlier record than before. What is kept is being written again.');
    }
    return verdict('good', 'Every increment is accounted for', 'Sums of deltas of this instance, since it started. Increments of the last moment, which no drain has taken yet, come next.');
  };

  const showSum = () => {
    for (const part of ['accepted', 'persisted', 'pending', 'quarantined', 'lost']) {
      put(part, digits(now[part]));
      by(part).dataset.value = now[part];
    }
    by('quarantined-part').hidden = now.quarantined === '0';
    by('lost-part').hidden = now.lost === '0';
    judge();
  };

  const showTiles = () => {
    const sum = (field) => now.sinks.reduce((total, sink) => total + sink[field], 0);
    put('freshness', time(now.freshnessMillis));
    put('flushes', now.flushes ? times(now.flushes.p50Millis, now.flushes.p99Millis) : '–');
    put('flush-count', now.flushes ? 'of the last ' + now.flushes.count : 'none heard of yet');
    put('retries', grouped.format(sum('retries')));
    put('batches', grouped.format(sum('batches')) + ' batches written');
    put('keys', si(now.keysInUse));
    put('pending-bytes', now.pendingBytes === 0 ? 'nothing on the way' : bytes(now.pendingBytes) + ' on the way');
    put('waiters', grouped.format(now.waiters));
    put('rejected', grouped.format(now.rejected));
  };

  const showWarnings = () => {
    const lines = [];
    for (const sink of now.sinks) {
      if (sink.failing && sink.lastError) {
        lines.push(sink.name + ' cannot be written at the moment; increments are kept, and it is tried again. ' + sink.lastError);
      }
    }
    if (database && database.problem) {
      lines.push(database.problem + ' What is below is of before.');
    }
    if (now.quarantined !== '0') {
      lines.push('The database refused deltas of some keys; they are set aside in the table of quarantine.');
    }
    if (now.journal && now.journal.problem) {
      lines.push('Nothing gets into the journal: ' + now.journal.problem);
    }
    if (now.journal && now.journal.unadoptable + now.journal.forked > 0) {
      lines.push('There are journals that somebody has to look at; "journal list" shows them.');
    }
    const list = by('warnings');
    if (list.dataset.shown !== lines.join('\n')) {
      list.dataset.shown = lines.join('\n');
      list.replaceChildren(...lines.map((line) => element('li', line)));
    }
  };

  const showJournal = () => {
    const journal = now.journal;
    by('journal').hidden = !journal;
    if (journal) {
      put('journal-state', journal.problem ? 'takes nothing' : 'takes records');
      put('journal-bytes', bytes(journal.bytes) + ' in ' + journal.segments + (journal.segments === 1 ? ' segment' : ' segments'));
      put('journal-commits', grouped.format(journal.commits));
      put('journal-times', times(journal.lastCommitMillis, journal.slowestCommitMillis));
      put('journal-others', journal.adopting + ' being written, ' + journal.unadoptable + ' cannot be, ' + journal.forked + ' forked');
      put('journal-directory', journal.directory);
    }
  };

  const element = (name, text, className) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) {
      made.className = className;
    }
    return made;
  };

  const showInstances = () => {
    const passed = Date.now() - databaseSeen;
    const recent = database.instances.filter((one) => one.seenMillisAgo < DAY_MILLIS);
    const rows = recent.map((one) => {
      const row = document.createElement('tr');
      const silent = one.seenMillisAgo + passed > SILENT_MILLIS;
      row.className = silent ? 'silent' : '';
      const name = element('td', one.description + ' ');
      name.title = one.instance;
      if (one.instance === now.instance) {
        name.append(element('span', 'this one', 'own'));
      } else if (silent) {
        name.append(element('span', 'silent'));
      }
      row.append(
        name,
        element('td', time(one.seenMillisAgo + passed) + ' ago', 'number'),
        element('td', one.accepted === null ? '–' : digits(one.accepted), 'number'),
        element('td', one.pending === null ? '–' : digits(one.pending), 'number'),
        element('td', one.freshnessMillis === null ? '–' : time(one.freshnessMillis), 'number'),
        element('td', one.version === null ? 'older' : one.version, 'wide'));
      row.dataset.instance = one.instance;
      row.dataset.accepted = one.accepted;
      return row;
    });
    by('instances').replaceChildren(...rows);
    const others = database.instanceCount - recent.length;
    put('cluster-note', 'As each wrote it into the ledger with its last write, or when it was last seen.'
      + (others > 0 ? ' ' + grouped.format(others) + ' more have not been seen for a day.' : ''));
  };

  const histories = new Map();

  const remember = () => {
    const seconds = Date.now() / 1000;
    const fresh = new Set();
    for (const counter of database.counters) {
      fresh.add(counter.key);
      const value = BigInt(counter.value);
      const history = histories.get(counter.key);
      if (!history) {
        histories.set(counter.key, { value, seconds, rates: [] });
        continue;
      }
      history.rates.push(Number(value - history.value) / Math.max(0.1, seconds - history.seconds));
      if (history.rates.length > SPARK_POINTS) {
        history.rates.shift();
      }
      history.value = value;
      history.seconds = seconds;
    }
    for (const key of histories.keys()) {
      if (!fresh.has(key)) {
        histories.delete(key);
      }
    }
  };

  const lately = (key) => {
    const last = histories.get(key).rates.slice(-3);
    return last.length ? last.reduce((a, b) => a + b, 0) / last.length : 0;
  };

  const spark = (rates) => {
    const space = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(space, 'svg');
    svg.setAttribute('viewBox', '0 0 120 24');
    svg.setAttribute('preserveAspectRatio', 'none');
    svg.setAttribute('aria-hidden', 'true');
    const line = document.createElementNS(space, 'polyline');
    const most = Math.max(1e-9, ...rates);
    const least = Math.min(0, ...rates);
    const step = 120 / Math.max(10, rates.length);
    line.setAttribute('points', rates.map((rate, i) =>
      (120 - step * (rates.length - i - 0.5)).toFixed(1) + ',' + (22 - 20 * (rate - least) / (most - least)).toFixed(1)).join(' '));
    line.setAttribute('fill', 'none');
    line.setAttribute('stroke', 'currentColor');
    line.setAttribute('stroke-width', '2');
    line.setAttribute('vector-effect', 'non-scaling-stroke');
    svg.append(line);
    return svg;
  };

  const showCounters = () => {
    const order = database.counters
      .map((counter, rank) => ({ ...counter, rank, rate: lately(counter.key) }))
      .sort((a, b) => b.rate - a.rate || a.rank - b.rank)
      .slice(0, KEYS_SHOWN);
    const rows = order.map((counter) => {
      const row = document.createElement('tr');
      const name = document.createElement('td');
      name.append(element('bdi', shown(counter.key)));
      const line = document.createElement('td');
      line.append(spark(histories.get(counter.key).rates));
      row.append(name, element('td', digits(counter.value), 'number'), element('td', perSecond(counter.rate), 'number'), line);
      row.dataset.value = counter.value;
      return row;
    });
    if (!rows.length) {
      const none = document.createElement('tr');
      none.append(element('td', 'No key yet.'));
      rows.push(none);
    }
    by('counters').replaceChildren(...rows);
  };

  const onNow = (event) => {
    now = JSON.parse(event.data);
    put('name', now.name);
    addRates(now);
    showSum();
    showTiles();
    showWarnings();
    showJournal();
  };

  const onDatabase = (event) => {
    const look = JSON.parse(event.data);
    if (look.problem) {
      database = { ...(database || { counters: [], instances: [], instanceCount: 0 }), problem: look.problem, behind: false };
      showWarnings();
      return;
    }
    database = look;
    databaseSeen = Date.now();
    remember();
    showInstances();
    showCounters();
    judge();
    showWarnings();
  };

  // The stream

  let source = null;
  let timer = 0;
  let waitMillis = 1000;
  let isPaused = false;

  const link = (text) => {
    put('link', text);
    document.body.dataset.link = text;
  };

  const close = (text) => {
    clearTimeout(timer);
    if (source) {
      source.close();
      source = null;
    }
    accepted = null;
    link(text);
    verdict('unknown', now ? 'Not live' : 'Nothing is known yet', now ? 'The numbers are of before.' : '');
  };

  const again = () => {
    timer = setTimeout(open, waitMillis);
    waitMillis = Math.min(10_000, waitMillis * 2);
  };

  /** A stream that ended: find out whether somebody has to log in. */
  const lost = async (text) => {
    close(text);
    try {
      const answer = await fetch('/events', { method: 'HEAD', cache: 'no-store' });
      if (answer.status === 401) {
        location.assign('/login');
        return;
      }
    } catch (e) {
      // Nobody is there.
    }
    if (!isPaused && !document.hidden) {
      again();
    }
  };

  const open = () => {
    clearTimeout(timer);
    if (source || isPaused || document.hidden) {
      return;
    }
    source = new EventSource('/events');
    source.addEventListener('now', (event) => {
      waitMillis = 1000;
      link('Live');
      onNow(event);
    });
    source.addEventListener('database', onDatabase);
    source.addEventListener('stopping', () => lost('The server is stopping…'));
    source.addEventListener('logged-out', () => location.assign('/login'));
    source.addEventListener('error', () => lost('Connection lost; trying again…'));
  };

  by('pause').addEventListener('click', () => {
    isPaused = !isPaused;
    by('pause').setAttribute('aria-pressed', String(isPaused));
    by('pause').textContent = isPaused ? 'Go on' : 'Pause';
    if (isPaused) {
      close('Paused');
    } else {
      open();
    }
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      close('Paused while nobody looks');
    } else {
      open();
    }
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  new ResizeObserver(() => {
    const width = by('plot').clientWidth;
    if (plot && width > 0 && width !== plot.width) {
      plot.setSize({ width, height: 240 });
    }
  }).observe(by('plot'));
  draw();
  open();
})();
