(* SPDX-License-Identifier: MIT *)
let kept = ref []

let work size =
  for i = 1 to 20 do
    let block = Bigarray.Array1.create Bigarray.char Bigarray.c_layout size in
    if i <= 3 then kept := block :: !kept
  done

let () =
  work 7001;
  Gc.full_major ();
  Printf.printf "ledger: 7001 20 %d\n" (List.length !kept)
