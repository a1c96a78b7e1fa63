// The live view: the photo in the window of the frame, under the overlay that the server drew; and the hands on it.

import { box, moved, zoomed } from "./crop.js";

const STEP = 0.02; // of the window's width, an arrow; five times as much with Shift
const NEARER = 1.1; // a press of + or −
const WHEEL = 0.0015; // zoom for a pixel of the wheel

export class Stage {
  #canvas;
  #pen;
  #most;
  #changed;
  #fingers = new Map();
  #overlay = null;
  #start = { x: 0.5, y: 0.5, zoom: 1 };
  #waiting = false;

  constructor(canvas, most, changed) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext("2d");
    this.#most = most;
    this.#changed = changed; // told of each change: (crop, how), "pointer", "wheel", "slider", "keys", "anew" or "found"
    this.photo = null;
    this.crop = this.#start;
    this.touched = false; // whether a hand has moved or zoomed this photo
    this.frame = { left: 0, top: 0, width: canvas.width, height: canvas.height };
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.#fingers.delete(event.pointerId));
    }
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  show(overlay, frame) {
    this.#overlay = overlay;
    this.frame = frame;
    if (this.#canvas.width !== overlay.width || this.#canvas.height !== overlay.height) {
      this.#canvas.width = overlay.width;
      this.#canvas.height = overlay.height;
    }
    this.draw();
  }

  put(photo) {
    this.photo = photo;
    this.#start = { x: 0.5, y: 0.5, zoom: 1 };
    this.crop = this.#start;
    this.touched = false;
    this.draw();
  }

  // The photo as it lies before a hand touches it.
  begin(crop) {
    this.#start = crop;
    this.crop = crop;
    this.draw();
    this.#changed(crop, "found");
  }

  zoomTo(zoom) {
    if (this.#movable) this.#set(zoomed(this.photo.size, this.frame, this.crop, zoom, this.#most), "slider");
  }

  // As before a hand touched it.
  centre() {
    this.#set(this.#start, "anew");
    this.touched = false;
  }

  draw() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#paint();
    });
  }

  get #movable() {
    return Boolean(this.photo?.picture);
  }

  #paint() {
    const { left, top, width, height } = this.frame;
    this.#pen.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (this.#movable) {
      const { picture } = this.photo;
      const part = box(picture, this.frame, this.crop);
      this.#pen.imageSmoothingQuality = "high";
      this.#pen.drawImage(picture, part.left, part.top, part.width, part.height, left, top, width, height);
    } else {
      this.#silhouette();
    }
    if (this.#overlay) this.#pen.drawImage(this.#overlay, 0, 0);
    this.#canvas.dispatchEvent(new CustomEvent("painted"));
  }

  #silhouette() {
    const { left, top, width, height } = this.frame;
    const side = Math.min(width, height);
    const [x, y] = [left + width / 2, top + height / 2];
    this.#pen.fillStyle = "#dfe3e9";
    this.#pen.fillRect(left, top, width, height);
    this.#pen.fillStyle = "#b4bcc8";
    this.#pen.beginPath();
    this.#pen.arc(x, y - side * 0.1, side * 0.15, 0, 7);
    this.#pen.ellipse(x, y + side * 0.44, side * 0.3, side * 0.34, 0, 0, 7);
    this.#pen.fill();
  }

  #set(crop, how) {
    this.touched = true;
    this.crop = crop;
    this.draw();
    this.#changed(crop, how);
  }

  // In pixels of the picture; the canvas is shown at any size.
  #at(event) {
    const shown = this.#canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - shown.left) * this.#canvas.width) / shown.width,
      y: ((event.clientY - shown.top) * this.#canvas.height) / shown.height,
    };
  }

  #inWindow(point) {
    return { x: point.x - this.frame.left, y: point.y - this.frame.top };
  }

  #down(event) {
    if (!this.#movable || (event.pointerType === "mouse" && event.button)) return;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#fingers.set(event.pointerId, this.#at(event));
  }

  #move(event) {
    const was = this.#fingers.get(event.pointerId);
    if (!was || !this.#movable) return;
    const is = this.#at(event);
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.#fingers.set(event.pointerId, is);
    let crop = this.crop;
    if (other) {
      const apart = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
      const middle = this.#inWindow({ x: (was.x + other.x) / 2, y: (was.y + other.y) / 2 });
      crop = zoomed(this.photo.size, this.frame, crop, (crop.zoom * apart(is)) / apart(was), this.#most, middle);
    }
    const share = other ? 2 : 1; // of two fingers, the middle moves half as far
    crop = moved(this.photo.size, this.frame, crop, (is.x - was.x) / share, (is.y - was.y) / share);
    this.#set(crop, "pointer");
  }

  #wheel(event) {
    if (!this.#movable) return;
    const pixels = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    const zoom = this.crop.zoom * Math.exp(-pixels * WHEEL);
    if ((zoom <= 1 && this.crop.zoom === 1) || (zoom >= this.#most && this.crop.zoom === this.#most)) return; // the page scrolls on
    event.preventDefault();
    const point = this.#inWindow(this.#at(event));
    this.#set(zoomed(this.photo.size, this.frame, this.crop, zoom, this.#most, point), "wheel");
  }

  #key(event) {
    if (!this.#movable || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEP * this.frame.width * (event.shiftKey ? 5 : 1);
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const zooms = { "+": NEARER, "=": NEARER, "-": 1 / NEARER, "−": 1 / NEARER };
    if (event.key in ways) {
      this.#set(moved(this.photo.size, this.frame, this.crop, ...ways[event.key]), "keys");
    } else if (event.key in zooms) {
      const zoom = this.crop.zoom * zooms[event.key];
      this.#set(zoomed(this.photo.size, this.frame, this.crop, zoom, this.#most), "keys");
    } else if (event.key === "0") {
      this.centre();
    } else {
      return;
    }
    event.preventDefault();
  }
}
