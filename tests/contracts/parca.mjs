// SPDX-License-Identifier: MIT
// usage: parca.mjs make URL: sends a request as the package's messages have it, the way that their options say.
//        parca.mjs read < REQUEST: prints the request as the package's messages have it, if it knows every field.
import {register} from 'node:module';
import {readFileSync} from 'node:fs';
register('./hooks.mjs', import.meta.url);
const {WriteRawRequest, ProfileStoreService} =
  await import('@parca/client/dist/parca/profilestore/v1alpha1/profilestore.js');

if (process.argv[2] === 'read') {
  const request = WriteRawRequest.fromJson(JSON.parse(readFileSync(0, 'utf8')), {ignoreUnknownFields: false});
  process.stdout.write(JSON.stringify(WriteRawRequest.toJson(request)));
} else {
  const request = WriteRawRequest.create({series: [{
    labels: {labels: [{name: '__name__', value: 'memory'}, {name: 'service_name', value: 'it'}]},
    samples: [{rawProfile: new Uint8Array([31, 139, 8, 0]), executableInfo: []}],
  }]});
  const method = ProfileStoreService.methods.find(one => one.name === 'WriteRaw');
  const {post} = method.options['google.api.http'];
  await fetch(process.argv[3] + '/api' + post, {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(WriteRawRequest.toJson(request)),
  });
}
