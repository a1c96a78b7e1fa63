// Which part of a photo shows in a window: the same rule by which the server renders it (badges/photos.py, Crop).
// Sizes are {width, height}; a crop is {x, y, zoom}: its centre in fractions of the photo, and how near.

const between = (least, value, most) => Math.min(Math.max(value, least), most);

// The part of the photo, in its own pixels; `scale` is how many of them go into one pixel of the window.
export function box(photo, frame, crop) {
  const scale = Math.min(photo.width / frame.width, photo.height / frame.height) / crop.zoom;
  const width = frame.width * scale;
  const height = frame.height * scale;
  const left = between(0, crop.x * photo.width - width / 2, photo.width - width);
  const top = between(0, crop.y * photo.height - height / 2, photo.height - height);
  return { left, top, width, height, scale };
}

// The crop with its centre where it really is, once the part was moved back into the photo.
function settled(photo, frame, crop) {
  const part = box(photo, frame, crop);
  return {
    x: (part.left + part.width / 2) / photo.width,
    y: (part.top + part.height / 2) / photo.height,
    zoom: crop.zoom,
  };
}

// The photo moved under the window, by pixels of the window.
export function moved(photo, frame, crop, right, down) {
  const from = settled(photo, frame, crop);
  const { scale } = box(photo, frame, crop);
  return settled(photo, frame, {
    x: from.x - (right * scale) / photo.width,
    y: from.y - (down * scale) / photo.height,
    zoom: crop.zoom,
  });
}

// Nearer or farther; what lies at the point (in pixels of the window) stays there.
export function zoomed(photo, frame, crop, zoom, most, point = { x: frame.width / 2, y: frame.height / 2 }) {
  const before = box(photo, frame, crop);
  const next = { ...settled(photo, frame, crop), zoom: between(1, zoom, most) };
  const after = box(photo, frame, next);
  const away = before.scale - after.scale;
  next.x += ((point.x - frame.width / 2) * away) / photo.width;
  next.y += ((point.y - frame.height / 2) * away) / photo.height;
  return settled(photo, frame, next);
}
