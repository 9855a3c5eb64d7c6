// What others do is here within a second. One tab of the browser holds the stream of numbers, for all of them; each
// visible tab then fetches what it shows. Without a stream the numbers are asked for every 20 seconds.
"use strict";
