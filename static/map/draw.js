// Drawing many points: WebGL2 by a program of our own, for the pages' policy forbids the code that
// libraries make up at run time (docs/decisions/0019). Each class has its shape, as everywhere.

const VERTEX = `#version 300 es
in vec2 place;
in uint code;
in uint dim;
uniform vec2 middle, scale;
uniform float size, faint;
uniform sampler2D palette;
out vec4 colour;
flat out uint shape;
uniform bool shaped;
void main() {
  gl_Position = vec4((place - middle) * scale, 0.0, 1.0);
  gl_PointSize = size;
  colour = texelFetch(palette, ivec2(int(code), 0), 0);
  if (dim == 1u) colour.a *= faint;
  shape = shaped ? code : 9u;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 colour;
flat in uint shape;
uniform float size;
out vec4 drawn;
void main() {
  vec2 p = 2.0 * gl_PointCoord - 1.0;
  float r = length(p);
  float far = r - 0.92;
  if (size > 6.0) {
    if (shape == 1u) far = abs(r - 0.62) - 0.28;
    else if (shape == 2u) far = max(abs(p.x + p.y) - 0.4, r - 1.0);
    else if (shape == 3u) far = r - 0.5;
    else if (shape == 4u) far = abs(p.x) + abs(p.y) - 0.95;
    else if (shape == 0u) far = r - 0.45;
  }
  float edge = clamp(0.5 - far * size * 0.5, 0.0, 1.0);
  if (edge <= 0.0) discard;
  drawn = vec4(colour.rgb, colour.a * edge);
}`;

/** @typedef {{middle: [number, number], scale: number, whole: number, width: number, height: number, ratio: number}} Shown */
/** @typedef {{set(codes: Uint8Array, palette: Uint8Array, rows: Uint32Array, shaped: boolean): void, dim(flags: Uint8Array, any: boolean): void, draw(shown: Shown): void}} Painter */

/** How large a point is, in CSS pixels. @param {number} count @param {Shown} shown */
export function pointSize(count, shown) {
  const sparse = 12.5 - 2.2 * Math.log10(Math.max(count, 10));
  return Math.min(Math.max(sparse * (shown.scale / shown.whole) ** 0.5, 1.5), 15);
}

const ON_THE_PROCESSOR = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Whether WebGL2 is there and a graphics card does its work. */
function hasCard() {
  const gl = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (!gl) return false;
  // Not every browser that draws on the processor owns up to it, but the driver's name does.
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return !ON_THE_PROCESSOR.test(name);
}

/**
 * A painter by WebGL2, or null where no graphics card does it.
 * @param {HTMLCanvasElement} canvas @param {Float32Array} places @returns {Painter | null}
 */
export function webgl(canvas, places) {
  const gl = hasCard() ? canvas.getContext("webgl2", { alpha: true, antialias: false }) : null;
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [kind, source] of /** @type {const} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`The map's WebGL program was refused: ${gl.getProgramInfoLog(program)}`);
  }
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const count = places.length / 2;
  /** @param {string} name @param {boolean} whole @param {number} each @param {ArrayBufferView | number} data */
  const attribute = (name, whole, each, data) => {
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    if (typeof data === "number") gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
    else gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    const at = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(at);
    if (whole) gl.vertexAttribIPointer(at, each, gl.UNSIGNED_BYTE, 0, 0);
    else gl.vertexAttribPointer(at, each, gl.FLOAT, false, 0, 0);
    return buffer;
  };
  attribute("place", false, 2, places);
  const codeBuffer = attribute("code", true, 1, count);
  const dimBuffer = attribute("dim", true, 1, count);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  /** @param {string} name */
  const uniform = (name) => gl.getUniformLocation(program, name);
  const places_ = { middle: uniform("middle"), scale: uniform("scale"), size: uniform("size"), faint: uniform("faint"), shaped: uniform("shaped") };
  let drawn = 0;
  return {
    set(codes, palette, rows, shaped) {
      gl.bindBuffer(gl.ARRAY_BUFFER, codeBuffer);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, codes);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, rows, gl.DYNAMIC_DRAW);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, palette.length / 4, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette);
      gl.uniform1i(places_.shaped, shaped ? 1 : 0);
      drawn = rows.length;
    },
    dim(flags, any) {
      gl.bindBuffer(gl.ARRAY_BUFFER, dimBuffer);
      gl.bufferSubData(gl.ARRAY_BUFFER, 0, flags);
      gl.uniform1f(places_.faint, any ? 0.16 : 1);
    },
    draw(shown) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(places_.middle, ...shown.middle);
      gl.uniform2f(places_.scale, (2 * shown.scale) / shown.width, (2 * shown.scale) / shown.height);
      gl.uniform1f(places_.size, pointSize(drawn, shown) * shown.ratio);
      gl.drawElements(gl.POINTS, drawn, gl.UNSIGNED_INT, 0);
    },
  };
}
