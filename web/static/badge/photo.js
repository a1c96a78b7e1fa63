// A photo of the person's own: opened here, shown here, and made smaller before it is sent.

import { box } from "./crop.js";

const SHOWN = 2000; // pixels of the longer side that is kept to be looked at: moving it stays smooth on any phone
const MARGIN = 1.25; // the server decodes to at least so much of what it needs; less would cost sharpness
const LIGHT = 1_500_000; // bytes that may be sent as they are
const QUALITY = 0.92;
const LOOKED_AT = 480; // pixels of the longer side in which the server looks for faces (badges/faces.py)

function drawn(bitmap, width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // behind transparent pictures, as on the server
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export class Photo {
  // `picture` is null where this browser cannot show the file; the server may still know its kind.
  constructor(file, size, picture) {
    this.file = file;
    this.size = size;
    this.picture = picture;
  }

  static async open(file) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      return new Photo(file, null, null);
    }
    const size = { width: bitmap.width, height: bitmap.height };
    const scale = Math.min(1, SHOWN / Math.max(size.width, size.height));
    const picture = drawn(bitmap, size.width * scale, size.height * scale);
    bitmap.close();
    return new Photo(file, size, picture);
  }

  // A copy to find the faces in; null where this browser cannot show the file.
  async small() {
    if (!this.picture) return null;
    const { width, height } = this.picture;
    const scale = Math.min(1, LOOKED_AT / Math.max(width, height));
    const canvas = drawn(this.picture, width * scale, height * scale);
    const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return made && new File([made], "photo.jpg", { type: "image/jpeg" });
  }

  // What is sent: no larger than the window needs at this crop, without the file's metadata.
  async toSend(frame, crop) {
    if (!this.picture) return this.file;
    const scale = Math.min(1, MARGIN / box(this.size, frame, crop).scale);
    if (scale === 1 && this.file.size <= LIGHT) return this.file;
    let bitmap;
    try {
      bitmap = await createImageBitmap(this.file, { imageOrientation: "from-image" });
    } catch {
      return this.file; // short of memory, or the file is gone: the server gets what there is
    }
    const canvas = drawn(bitmap, this.size.width * scale, this.size.height * scale);
    bitmap.close();
    const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return made && made.size < this.file.size ? new File([made], "photo.jpg", { type: "image/jpeg" }) : this.file;
  }
}
