// SPDX-License-Identifier: Apache-2.0
package io.everycount.system;

/** Scripts that look for what people could not read or reach on a page; each returns what it found, as lines. */
final class PageChecks {
    /**
     * Texts whose contrast to what is behind them is below 4.5 (WCAG 2.2, 1.4.3), or below 3 if they are large. Colours
     * here are opaque, so what is behind is the first background that is not transparent.
     */
    static final String CONTRAST = """
            (() => {
              const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
              const linear = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
              const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
              const behind = (element) => {
                for (let at = element; at; at = at.parentElement) {
                  const colour = channels(getComputedStyle(at).backgroundColor);
                  if (colour.length < 4 || colour[3] > 0) { return colour; }
                }
                return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
              };
              const found = [];
              const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
              while (walker.nextNode()) {
                const text = walker.currentNode.data.trim();
                const element = walker.currentNode.parentElement;
                if (!text || !element.checkVisibility() || element.closest('noscript, script')) { continue; }
                const style = getComputedStyle(element);
                const size = parseFloat(style.fontSize);
                const isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
                const a = light(channels(style.color));
                const b = light(behind(element));
                const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (contrast < (isLarge ? 3 : 4.5)) { found.push(contrast.toFixed(2) + ' ' + text); }
              }
              return found.join('\\n');
            })()""";

    /** What has to have a name and has none, is too small for a finger, or skips a level of headings. */
    static final String NAMES = """
            (() => {
              const found = [];
              const name = (e) => (e.getAttribute('aria-label')
                || (e.getAttribute('aria-labelledby') || '').split(' ').map((id) => (document.getElementById(id) || {}).textContent || '').join(' ')
                || e.textContent).trim();
              for (const e of document.querySelectorAll('button, a, [role], section, canvas, svg, [tabindex]')) {
                if (!e.checkVisibility() || e.closest('[aria-hidden=true], [role=img]') !== null && !e.matches('[role=img]')) { continue; }
                if (!name(e) && e.getAttribute('role') !== 'status') { found.push('no name: ' + e.outerHTML.slice(0, 120)); }
              }
              for (const e of document.querySelectorAll('button')) {
                const box = e.getBoundingClientRect();
                if (e.checkVisibility() && (box.height < 44 || box.width < 44)) { found.push('small: ' + e.outerHTML); }
              }
              for (const e of document.querySelectorAll('th')) {
                if (!e.hasAttribute('scope')) { found.push('no scope: ' + e.outerHTML); }
              }
              let level = 0;
              for (const e of document.querySelectorAll('h1, h2, h3')) {
                const own = Number(e.tagName[1]);
                if (own > level + 1) { found.push('skips a level: ' + e.outerHTML); }
                level = own;
              }
              const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
              ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => found.push('twice: ' + id));
              if (!document.documentElement.lang) { found.push('no language'); }
              return found.join('\\n');
            })()""";

    private PageChecks() {}
}
