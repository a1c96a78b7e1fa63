// The same badge with sharp: node badge_sharp.mjs PHOTO FRAME_PNG FOLDER; for each line it reads, it makes one and prints its milliseconds of processor time.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import readline from 'node:readline';

const [photoFile, frameFile, folder] = process.argv.slice(2);
const sharp = createRequire(`${folder}/package.json`)('sharp');
sharp.concurrency(1);
sharp.cache(false);
const SIDE = 1080, photo = fs.readFileSync(photoFile);
const frame = await sharp(frameFile).raw().toBuffer();
const text = Buffer.from(`<svg width="1080" height="160"><text x="540" y="106" font-family="sans-serif" font-weight="bold" font-size="64" fill="white" text-anchor="middle">Camille Moreau</text></svg>`);
const layers = [{ input: frame, raw: { width: SIDE, height: SIDE, channels: 4 } }, { input: text, left: 0, top: 706 }];
for await (const _ of readline.createInterface({ input: process.stdin })) {
  const start = process.cpuUsage();
  await sharp(photo).autoOrient().resize(SIDE, SIDE, { fit: 'cover' }).composite(layers).removeAlpha().jpeg({ quality: 90 }).toBuffer();
  const used = process.cpuUsage(start);
  console.log((used.user + used.system) / 1000);
}
