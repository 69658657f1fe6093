-- SPDX-License-Identifier: MIT
module Main (main) where

import Control.Monad (forM)
import Data.Word (Word8)
import Foreign.Marshal.Alloc (free, mallocBytes)
import Foreign.Ptr (Ptr)

work :: Int -> IO [Ptr Word8]
work size = concat <$> forM [1 .. 20 :: Int] (\i -> do
  block <- mallocBytes size
  if i <= 3 then return [block] else free block >> return [])

main :: IO ()
main = do
  kept <- work 7007
  putStrLn ("ledger: 7007 20 " ++ show (length kept))
