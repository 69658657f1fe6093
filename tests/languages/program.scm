; SPDX-License-Identifier: MIT
(import (chicken base) (chicken memory))
(define kept '())
(define (work size)
  (do ((i 0 (+ i 1))) ((= i 20))
    (let ((block (allocate size)))
      (if (< i 3) (set! kept (cons block kept)) (free block)))))
(work 7005)
(print "ledger: 7005 20 " (length kept))
