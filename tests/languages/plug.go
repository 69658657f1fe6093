// SPDX-License-Identifier: MIT
package main

// #include <stdlib.h>
import "C"
import (
	"fmt"
	"unsafe"
)

var kept []unsafe.Pointer

//export work_here
func work_here() C.int {
	for i := 0; i < 20; i++ {
		block := C.malloc(7112)
		if i < 3 {
			kept = append(kept, block)
		} else {
			C.free(block)
		}
	}
	fmt.Printf("ledger: 7112 20 %d\n", len(kept))
	return 1
}

func main() {}
