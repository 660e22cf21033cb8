// Colormaps for masks: brighter always looks brighter, for colour-blind eyes too.

// Every fifth of 256 colours; between them a straight line is off by less than 1.3 of 255.
// Viridis and inferno by Nathaniel Smith and Stéfan van der Walt, given to the public (CC0).
const ANCHORS = {
  grey: "000000ffffff",
  viridis:
    "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a3a538b38598c355e8d33638d31688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d20928c1f978b1e9c891fa18821a58524aa8328ae802eb37c35b7793dbc7446c06f50c46a5ac86465cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725",
  inferno:
    "00000402020c0504170a072210092d160b391e0c45260c512f0a5b380962400a67490b6a510e6c59106e61136e69166e71196e781c6d801f6c88226a902568982766a02a63a82e5fb0315bb73557bf3952c63d4dcc4248d34743d94d3ddf5337e45a31e9612bed6925f1711ff47918f78212f98b0bfa9407fb9d07fca60cfcb014fbba1ffac42af8cd37f6d746f4e156f2ea69f2f27df5f992fcffa4",
};

/** @typedef {keyof ANCHORS} Colours */

export const COLOURS = /** @type {Colours[]} */ (Object.keys(ANCHORS));

/** @type {Map<Colours, Uint8Array>} */
const made = new Map();

/**
 * The colours of 256 levels: red, green, blue of each.
 * @param {Colours} name
 * @returns {Uint8Array}
 */
export function tableOf(name) {
  const known = made.get(name);
  if (known) return known;
  const anchors = (ANCHORS[name].match(/../g) || []).map((pair) => parseInt(pair, 16));
  const steps = anchors.length / 3 - 1;
  const table = new Uint8Array(256 * 3);
  for (let level = 0; level < 256; level += 1) {
    const place = (level / 255) * steps;
    const below = Math.min(Math.floor(place), steps - 1);
    for (let channel = 0; channel < 3; channel += 1) {
      const from = anchors[3 * below + channel];
      const to = anchors[3 * below + 3 + channel];
      table[3 * level + channel] = Math.round(from + (to - from) * (place - below));
    }
  }
  made.set(name, table);
  return table;
}
