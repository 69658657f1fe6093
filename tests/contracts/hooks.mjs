// SPDX-License-Identifier: MIT
// @parca/client is written for bundlers: modules without their endings, and not said to be modules.
export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    return next(specifier + '.js', context);
  }
}

export async function load(url, context, next) {
  const ours = /@(parca|protobuf-ts)\//.test(url) && url.endsWith('.js');
  return next(url, ours && url.includes('@parca/') ? {...context, format: 'module'} : context);
}
