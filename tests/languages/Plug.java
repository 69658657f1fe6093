// SPDX-License-Identifier: MIT
class Plug {
    static native int work();

    public static void main(String[] arguments) {
        System.load(arguments[0]);
        work();
    }
}
