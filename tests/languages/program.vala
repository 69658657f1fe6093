// SPDX-License-Identifier: MIT
uint8[] first;
uint8[] second;
uint8[] third;

void work (int size) {
    for (int i = 0; i < 17; i++) {
        uint8[] block = new uint8[size];
        block[i] = 1;
    }
    first = new uint8[size];
    second = new uint8[size];
    third = new uint8[size];
}

void main () {
    work (7004);
    print ("ledger: %d 20 3\n", third.length);
}
