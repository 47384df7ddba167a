import "./boot/indexes";
