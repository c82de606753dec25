// The tiles of an instruction set, by height and width.
#pragma once
#include "int4-tile.h"
#include "int8-tile.h"
#include "round-rows.h"

#define INT8_TILES(P) INT8_TILE(1, P) INT8_TILE(2, P) INT8_TILE(4, P) INT8_TILE(8, P)
INT8_TILES(1) INT8_TILES(2) INT8_TILES(3)
INT4_TILE(1) INT4_TILE(2) INT4_TILE(4) INT4_TILE(8) INT4_TILE(16)

static void int8_tile(const Tile *t) {
#define BY_HEIGHT(P) {int8_tile_1_##P, int8_tile_2_##P, int8_tile_4_##P, int8_tile_8_##P}
  static void (*const tiles[3][4])(const Tile *) = {BY_HEIGHT(1), BY_HEIGHT(2), BY_HEIGHT(3)};
  tiles[t->panels - 1][__builtin_ctzl(t->rows.rows)](t);
}

static void int4_tile(const Tile *t) {
  static void (*const tiles[5])(const Tile *) = {int4_tile_1, int4_tile_2, int4_tile_4, int4_tile_8, int4_tile_16};
  tiles[__builtin_ctzl(t->rows.rows)](t);
}
