// Copyright (c) 2026 the energytwin.aws contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// draw.mjs INPUT.json RESULT.png: a scene in AWS's viewer, in a Chromium without a screen. What the viewer asks AWS for is answered from the
// input (made by tests/tools/draw_scene.py); nothing reaches the network. Ends with 1 and says why if the viewer complains, asks for anything
// else, does not ask for a binding, or if a click on a tag does not come from that tag.

import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const [inputFile, resultFile] = process.argv.slice(2);
const input = JSON.parse(fs.readFileSync(inputFile, 'utf8'));
const PAGE = 'https://grafana.invalid';
const TYPES = { '.js': 'text/javascript', '.css': 'text/css' };
const LONGEST_WAIT = 180_000;
const FRAMES = 20;
// Software renders the pictures, so that any machine draws the same.
const WITHOUT_SCREEN = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'];
const QUIET = ['--no-sandbox', '--no-first-run', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

async function bundled() {
  await build({
    entryPoints: ['page.jsx'],
    outfile: 'made/page.js',
    bundle: true,
    minify: true,
    logLevel: 'error',
    mainFields: ['browser', 'module', 'main'],
    define: { 'process.env.NODE_ENV': '"production"', 'process.env': '{}', global: 'globalThis' },
    loader: { '.js': 'jsx', '.svg': 'dataurl', '.png': 'dataurl', '.woff2': 'dataurl', '.hdr': 'file', '.scss': 'empty' },
    alias: {
      '@iot-app-kit/react-components': './no_charts.js',
      'three/examples/jsm/libs/meshopt_decoder.module': 'three/examples/jsm/libs/meshopt_decoder.module.js',
      path: 'path-browserify',
    },
  });
}

function ofPage(pathname) {
  if (pathname === '/') {
    const settings = JSON.stringify(input.settings);
    const head = '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="page.css"><style>body { margin: 0 }</style>';
    return { contentType: 'text/html', body: `${head}<div id="page"></div><script>window.settings = ${settings}</script><script src="page.js"></script>` };
  }
  return { contentType: TYPES[path.extname(pathname)] ?? 'application/octet-stream', body: fs.readFileSync(path.join('made', pathname)) };
}

const json = (content) => ({ contentType: 'application/json', body: JSON.stringify(content) });

// The last value of each binding, as GetPropertyValueHistory gives it.
function history(asked) {
  const { entityId, componentName } = asked;
  const time = new Date(Date.now() - 10_000).toISOString();
  const values = asked.selectedProperties.map((propertyName) => ({
    entityPropertyReference: { entityId, componentName, propertyName },
    values: [{ time, value: { doubleValue: input.values[`${entityId}/${componentName}/${propertyName}`] } }].filter(({ value }) => value.doubleValue !== undefined),
  }));
  return { propertyValues: values };
}

function ofAws(url, asked) {
  const workspace = `/workspaces/${input.settings.workspaceId}`;
  if (url.hostname.startsWith(`${input.bucket}.s3.`)) {
    const name = decodeURIComponent(url.pathname.slice(1));
    return name in input.files ? { body: fs.readFileSync(input.files[name]) } : undefined;
  }
  if (url.pathname === workspace) return json({ workspaceId: input.settings.workspaceId, s3Location: `arn:aws:s3:::${input.bucket}` });
  if (url.pathname.startsWith(`${workspace}/scenes/`)) return json({ contentLocation: `s3://${input.bucket}/${input.settings.sceneId}.json` });
  if (url.pathname.startsWith(`${workspace}/entities/`)) return json({ entityId: url.pathname.split('/').pop(), components: {} });
  if (url.pathname === `${workspace}/entity-properties/history`) return json(history(asked));
  return undefined;
}

async function until(what, condition) {
  for (const end = Date.now() + LONGEST_WAIT; Date.now() < end; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`It did not come to this: ${what}.`);
}

// The camera flies to its place: a picture is final if it is the same some frames later.
async function stillPicture(page) {
  let before, now;
  await until('a picture that does not change', async () => {
    await page.evaluate((count) => new Promise((done) => {
      const next = () => (count-- > 0 ? requestAnimationFrame(next) : done());
      next();
    }), FRAMES);
    [before, now] = [now, await page.screenshot()];
    return before?.equals(now);
  });
  return now;
}

async function drawn(browser) {
  const { width, height } = input.settings;
  const page = await browser.newPage({ viewport: { width, height } });
  const complaints = [], asked = new Set(), clicks = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (said) => ['error', 'warning'].includes(said.type()) && complaints.push(said.text()));
  await page.exposeFunction('clicked', (tag) => clicks.push(tag));
  await page.route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (url.origin === PAGE) return route.fulfill(ofPage(url.pathname));
    const body = route.request().method() === 'POST' ? route.request().postDataJSON() : undefined;
    const answer = ofAws(url, body);
    if (!answer) {
      complaints.push(`The viewer asked for ${url}, which is not there.`);
      return route.abort();
    }
    for (const name of body?.selectedProperties ?? []) asked.add(`${body.entityId}/${body.componentName}/${name}`);
    return route.fulfill({ ...answer, headers: { 'access-control-allow-origin': '*' } });
  });
  await page.goto(PAGE);
  await until('the viewer asks for all bindings', () => input.bindings.every((name) => asked.has(name)));
  const picture = await stillPicture(page);
  const canvas = await page.locator('canvas[data-engine]').boundingBox();
  for (const { name, right, up } of input.clicks) {
    const [x, y] = [canvas.x + (canvas.width + right * canvas.height) / 2, canvas.y + ((1 - up) * canvas.height) / 2];
    await page.mouse.click(x, y);
    await until(`a click at ${Math.round(x)}, ${Math.round(y)} is one on the tag of ${name}`, () =>
      clicks.some(({ dataBindingContext: bound }) => `${bound.entityId}/${bound.componentName}` === name),
    );
  }
  if (complaints.length) throw new Error(`The viewer complains:\n${complaints.join('\n')}`);
  return picture;
}

await bundled();
const browser = await chromium.launch({ executablePath: input.browser, args: [...QUIET, ...WITHOUT_SCREEN] });
try {
  fs.writeFileSync(resultFile, await drawn(browser));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await browser.close();
}
